package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// guard is one way to prove what a command was decided on. All of them go to the server in one
// pipeline, and all leave the versions of the streams they write to the unique constraint.
type guard struct {
	name         string
	schema       []string // what it needs besides the log's own table
	serializable bool
	queue        func(*pgx.Batch, command)
}

// command is what one was decided on, and what it writes: one record to each stream of written.
// Both are sorted, and have no stream in common.
type command struct {
	read, written []at
	data, meta    []byte
}

// at is a stream and the version a command knows of it.
type at struct {
	stream  string
	version int64
}

// The candidates of ADR 0013.
var (
	noGuard     = guard{name: "a no guard", queue: queueRecords}
	lockReaders = guard{name: "b locks where only read", schema: []string{checkFunction("VOLATILE")}, queue: queueLockedReads}
	lockAll     = guard{name: "c locks always", schema: []string{checkFunction("VOLATILE")}, queue: queueLocked}
	lockRows    = guard{name: "d row locks", schema: []string{createHeads, checkFunction("VOLATILE")}, queue: queueRowLocks}
	heads       = guard{name: "d heads with versions", schema: []string{createHeads}, queue: queueHeads}
	isolated    = guard{name: "e serializable", schema: []string{checkFunction("VOLATILE")}, serializable: true, queue: queueChecked}

	// These let write skew through.
	checkInInsert = guard{name: "f check in the insert", queue: queueCheckedInsert}
	oneStatement  = guard{name: "g lock and check at once", schema: []string{checkFunction("STABLE")}, queue: queueLockAndCheck}

	// These are looked at for their anomalies only. The inner query of a volatile function has a
	// snapshot of its own.
	oneVolatile = guard{name: "h at once, volatile", schema: []string{checkFunction("VOLATILE")}, queue: queueLockAndCheck}
	checkBehind = guard{name: "i check behind the insert", schema: []string{checkFunction("VOLATILE")}, queue: queueLockedCheckedBehind}
)

// work is what commands do, and the guards that are measured at it.
type work struct {
	name    string
	guards  []guard
	clients []int
	shared  bool // the clients know versions together, as those of one process do
	pick    func(client int) (read, written []string)
}

func works() []work {
	sound := []guard{noGuard, lockReaders, lockAll, lockRows, isolated}
	several := []int{1, 8, 32}
	return []work{
		{name: "W1", guards: sound, clients: several, pick: transfer},
		{name: "W2", guards: append(slices.Clone(sound), checkInInsert, oneStatement), clients: several, pick: readOneWriteOther},
		{name: "W2s", guards: sound, clients: []int{8, 32}, shared: true, pick: readOneWriteOther},
		{name: "W3", guards: []guard{noGuard, lockAll, heads, isolated}, clients: several, pick: ownStream},
	}
}

// streams is how many there are.
const streams = 1000

func numbered(n int) string { return fmt.Sprintf("stream-%03d", n) }

func twoOf(n int) (a, b int) {
	a, b = rand.IntN(n), rand.IntN(n-1)
	if b >= a {
		b++
	}
	return a, b
}

// transfer writes two streams that it has read.
func transfer(int) (read, written []string) {
	a, b := twoOf(streams)
	return nil, []string{numbered(min(a, b)), numbered(max(a, b))}
}

// readOneWriteOther writes a stream for the sake of what it read in another.
func readOneWriteOther(int) (read, written []string) {
	a, b := twoOf(streams)
	return []string{numbered(a)}, []string{numbered(b)}
}

// readOneOfTwo is readOneWriteOther where there are but two streams, and plain appends to both.
func readOneOfTwo(client int) (read, written []string) {
	a, b := twoOf(2)
	if client%2 == 0 {
		return nil, []string{numbered(a)}
	}
	return []string{numbered(a)}, []string{numbered(b)}
}

// ownStream is a plain append.
func ownStream(client int) (read, written []string) { return nil, []string{numbered(client)} }

// checkFunction raises IR002 for the first stream that is not at the version given.
func checkFunction(volatility string) string {
	return `
		CREATE FUNCTION check_versions(types text[], ids text[], versions bigint[]) RETURNS void
		LANGUAGE plpgsql ` + volatility + ` AS $$
		DECLARE
			moved record;
		BEGIN
			SELECT given.type, given.id, given.version AS expected, COALESCE(last.version, 0) AS actual
			INTO moved
			FROM unnest(types, ids, versions) AS given (type, id, version)
			LEFT JOIN LATERAL (
				SELECT e.version
				FROM event_entries AS e
				WHERE e.stream_type = given.type
				AND e.stream_id = given.id
				ORDER BY e.version DESC
				LIMIT 1
			) AS last ON true
			WHERE COALESCE(last.version, 0) <> given.version
			LIMIT 1;
			IF FOUND THEN
				RAISE EXCEPTION 'a stream has moved on'
					USING ERRCODE = 'IR002', DETAIL = row_to_json(moved)::text;
			END IF;
		END
		$$`
}

const (
	createHeads = `
		CREATE TABLE stream_heads (
			stream_type text COLLATE "C" NOT NULL,
			stream_id text COLLATE "C" NOT NULL,
			version bigint NOT NULL DEFAULT 0,
			PRIMARY KEY (stream_type, stream_id)
		)`

	takeLocks = `
		SELECT CASE
			WHEN exclusive THEN pg_advisory_xact_lock(key)
			ELSE pg_advisory_xact_lock_shared(key)
		END
		FROM unnest($1::bigint[], $2::bool[]) AS given (key, exclusive)`

	checkVersions = "SELECT check_versions($1, $2, $3)"

	takeLocksAndCheck = `
		WITH locked AS MATERIALIZED (` + takeLocks + `), counted AS MATERIALIZED (
			SELECT count(*) AS n
			FROM locked
		)
		SELECT check_versions($3, $4, $5)
		FROM counted
		WHERE n > 0`

	insertTwo = insertEntry + `,
		(currval('event_entries_position_seq'), 2, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)`

	insertChecked = `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key)
		SELECT
			nextval('event_entries_position_seq'), 1, $1::text, $2::text, $3::bigint, $4::uuid, $5::text, $6::int,
			$7::json, $8::json, $9::timestamptz, $10::timestamptz, $11::text
		WHERE $13::bigint = (
			SELECT COALESCE(MAX(version), 0)
			FROM event_entries
			WHERE stream_type = $1
			AND stream_id = $12)`

	insertPlaceholders = `
		INSERT INTO stream_heads (stream_type, stream_id)
		SELECT unnest($1::text[]), unnest($2::text[])
		ON CONFLICT DO NOTHING`

	lockHead = `
		SELECT version
		FROM stream_heads
		WHERE stream_type = $1
		AND stream_id = $2
		FOR `

	moveHead = `
		INSERT INTO stream_heads (stream_type, stream_id, version)
		VALUES ($1, $2, $3)
		ON CONFLICT (stream_type, stream_id) DO UPDATE SET version = excluded.version`
)

func queueRecords(b *pgx.Batch, c command) {
	var args []any
	for _, w := range c.written {
		now := time.Now().UTC()
		args = append(args,
			account.Type, w.stream, w.version+1, pgtype.UUID{Bytes: uuid.Must(uuid.NewV7()), Valid: true},
			"account.deposited", 1, c.data, c.meta, now, now, pgtype.Text{})
	}
	statement := insertEntry
	if len(c.written) > 1 {
		statement = insertTwo
	}
	b.Queue(statement, args...)
}

func queueLockedReads(b *pgx.Batch, c command) {
	if len(c.read) == 0 {
		queueRecords(b, c)
		return
	}
	queueLocked(b, c)
}

func queueLocked(b *pgx.Batch, c command) {
	keys, exclusive := c.locks()
	b.Queue(takeLocks, keys, exclusive)
	queueChecked(b, c)
}

func queueChecked(b *pgx.Batch, c command) {
	if len(c.read) > 0 {
		types, ids, versions := columnsOf(c.read)
		b.Queue(checkVersions, types, ids, versions)
	}
	queueRecords(b, c)
}

func queueLockedCheckedBehind(b *pgx.Batch, c command) {
	if len(c.read) == 0 {
		queueRecords(b, c)
		return
	}
	keys, exclusive := c.locks()
	types, ids, versions := columnsOf(c.read)
	b.Queue(takeLocks, keys, exclusive)
	queueRecords(b, c)
	b.Queue(checkVersions, types, ids, versions)
}

func queueLockAndCheck(b *pgx.Batch, c command) {
	if len(c.read) == 0 {
		queueRecords(b, c)
		return
	}
	keys, exclusive := c.locks()
	types, ids, versions := columnsOf(c.read)
	b.Queue(takeLocksAndCheck, keys, exclusive, types, ids, versions)
	queueRecords(b, c)
}

// queueCheckedInsert inserts nothing where the stream read has moved on.
func queueCheckedInsert(b *pgx.Batch, c command) {
	queueRecords(b, c)
	if len(c.read) == 0 {
		return
	}
	insert := b.QueuedQueries[b.Len()-1]
	insert.SQL = insertChecked
	insert.Arguments = append(insert.Arguments, c.read[0].stream, c.read[0].version)
}

// queueRowLocks has one statement a lock, since a statement locks all its rows in one mode.
func queueRowLocks(b *pgx.Batch, c command) {
	all := c.sorted()
	types, ids, _ := columnsOf(all)
	b.Queue(insertPlaceholders, types, ids)
	for _, a := range all {
		mode := "UPDATE"
		if slices.Contains(c.read, a) {
			mode = "SHARE"
		}
		b.Queue(lockHead+mode, account.Type, a.stream)
	}
	queueChecked(b, c)
}

// queueHeads keeps every stream's version beside the log.
func queueHeads(b *pgx.Batch, c command) {
	for _, w := range c.written {
		b.Queue(moveHead, account.Type, w.stream, w.version+1)
	}
	queueRecords(b, c)
}

// sorted are all streams of the command.
func (c command) sorted() []at {
	return slices.SortedFunc(slices.Values(slices.Concat(c.read, c.written)), func(a, b at) int {
		return strings.Compare(a.stream, b.stream)
	})
}

// locks are the command's keys in the one order in which everybody locks them.
func (c command) locks() (keys []int64, exclusive []bool) {
	writes := map[int64]bool{}
	for _, a := range c.read {
		writes[key(a.stream)] = false
	}
	for _, a := range c.written {
		writes[key(a.stream)] = true
	}
	for k := range writes {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		exclusive = append(exclusive, writes[k])
	}
	return keys, exclusive
}

func key(stream string) int64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, "command\x00"+account.Type+"\x00"+stream) // it cannot fail
	return int64(h.Sum64())
}

func columnsOf(all []at) (types, ids []string, versions []int64) {
	for _, a := range all {
		types, ids, versions = append(types, account.Type), append(ids, a.stream), append(versions, a.version)
	}
	return types, ids, versions
}

// group is what takes turns: the limit, and all guards at one work and number of clients.
type group struct {
	rows    []row
	tallies []*tally // nil where the row makes no commands
}

func groups(only string, pgbench bool) (all []group) {
	for _, w := range works() {
		for _, n := range w.clients {
			g := w.group(n, pgbench && w.name == "W3")
			if slices.ContainsFunc(g.rows, func(r row) bool { return r.matches(only) }) {
				all = append(all, g)
			}
		}
	}
	return all
}

func (w work) group(clients int, pgbench bool) (g group) {
	add := func(r row, t *tally) { g.rows, g.tallies = append(g.rows, r), append(g.tallies, t) }
	add(row{name: w.limit(), clients: clients, start: startPgxInsert}, nil)
	if pgbench {
		add(row{name: w.name + " " + pgbenchInsert, clients: clients, start: startPgbench}, nil)
	}
	for _, candidate := range w.guards {
		t := &tally{}
		floor := limit{w.name + " " + noGuard.name, clients}
		add(row{name: w.name + " " + candidate.name, clients: clients, limit: floor, start: w.start(candidate, t)}, t)
	}
	return g
}

// limit is the plain INSERT beside the work's commands.
func (w work) limit() string { return w.name + " " + pgxInsert }

// suspects are the guards whose anomalies are counted.
var suspects = []guard{noGuard, lockReaders, lockAll, lockRows, isolated, checkInInsert, oneStatement, oneVolatile, checkBehind}

// runGuards measures all groups once a round, counts anomalies, and prints both.
func runGuards(ctx context.Context, machine *place, o options, stdout, progress io.Writer) error {
	all := groups(o.only, pgbenchOf(machine) != "")
	var rows []row
	var tallies []*tally
	for _, g := range all {
		rows, tallies = append(rows, g.rows...), append(tallies, g.tallies...)
	}
	r := newReport(rows, o)

	for n := range o.rounds {
		samples, err := measureGroups(ctx, machine, all, o, func(what any) {
			fmt.Fprintf(progress, "\r\x1b[Kround %d of %d: %v", n+1, o.rounds, what)
		})
		if err != nil {
			return err
		}
		for i, s := range samples {
			r.Rows[i].Rounds = append(r.Rows[i].Rounds, s)
		}
	}
	for _, g := range suspects {
		if err := countAnomalies(ctx, machine, g, o.duration); err != nil {
			return fmt.Errorf("anomalies of %s: %w", g.name, err)
		}
	}

	fmt.Fprint(progress, "\r\x1b[K")
	if err := r.conclude(ctx, machine); err != nil {
		return err
	}
	if err := r.writeGuards(stdout, tallies); err != nil {
		return err
	}
	return r.save(o.out)
}

// measureGroups lets the rows of a group take turns, one group after the other: all at once would
// need more connections than a server has.
func measureGroups(ctx context.Context, p *place, all []group, o options, progress func(any)) ([]sample, error) {
	var samples []sample
	for _, g := range all {
		found, err := measureRound(ctx, p, g.rows, o, progress)
		if err != nil {
			return nil, err
		}
		samples = append(samples, found...)
	}
	return samples, nil
}

// writeGuards prints the table of guards: what was tried again is of a hundred commands, warm-up
// included.
func (r *report) writeGuards(w io.Writer, tallies []*tally) error {
	fmt.Fprintln(w, r.Setup.String())
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "row\tclients\tops/s\tp50 ms\tp99 ms\tof a (min–max)\tof INSERT (min–max)\tretries\ttaken\tmoved\t40001\tdeadlock\t")
	for i, row := range r.Rows {
		name, _, _ := strings.Cut(row.Name, " ")
		of := row.to(r.find(limit{work{name: name}.limit(), row.Clients}))
		fmt.Fprintf(table, "%s\t%d\t%.0f\t%s\t%s\t%s\t%s\t%s\t\n",
			row.Name, row.Clients, row.Ops, millis(row.P50), millis(row.P99), row.Ratio, of, tallies[i])
	}
	err := table.Flush()
	fmt.Fprintln(w, "\n"+strings.Join(r.Notes, "\n")+r.drift())
	return err
}
