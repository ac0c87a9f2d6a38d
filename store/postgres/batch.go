package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"hash/fnv"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ireneo-dev/ireneo/store"
)

// lockSQL makes those that lost a race for a stream's next version line up.
const lockSQL = `
	SELECT pg_advisory_xact_lock(stream)
	FROM unnest($1::bigint[]) AS stream`

// records are those of one statement, with what becomes of them.
type records struct {
	all        []*store.Record
	versions   []int64     // as the statements want them: -k asks for the k-th next
	recorded   []time.Time // raised to the stream's record before it in the statement
	batches    []int32     // which batch a record is of
	ordinals   []int32     // its place there, from 1
	several    bool        // batches are in the statement
	next       bool        // some version is to be taken
	position   int64       // of the one batch, where it was drawn before; else zero
	executions []executed
}

// result is what one record was stored as.
type result struct {
	position, version  int64
	ordinal            int32
	recorded, occurred time.Time
}

func newRecords(batches []*store.Batch) *records {
	r := &records{several: len(batches) > 1}
	for n, b := range batches {
		for i := range b.Records {
			r.all = append(r.all, &b.Records[i])
			r.batches, r.ordinals = append(r.batches, int32(n)), append(r.ordinals, int32(i+1))
		}
	}
	r.versions = make([]int64, len(r.all))
	r.recorded = make([]time.Time, len(r.all))

	for i, rec := range r.all {
		r.versions[i], r.recorded[i] = rec.Version, micros(rec.RecordedAt)
	}
	if slices.ContainsFunc(batches, wantsNext) {
		r.takeNext()
	}
	r.executions = executions(batches)

	return r
}

func (r *records) takeNext() {
	last := make(map[store.Stream]int) // the stream's record before, by place
	for i, rec := range r.all {
		if before, ok := last[rec.Stream]; rec.Version == 0 {
			r.follow(i, before, ok)
		}
		last[rec.Stream] = i
	}
}

// follow places record i, which has no version of its own, after the record of its
// stream that comes before it in the statement, if there is one.
func (r *records) follow(i, before int, ok bool) {
	switch {
	case !ok:
		r.versions[i] = -1
	case r.versions[before] < 0:
		r.versions[i] = r.versions[before] - 1
	default:
		r.versions[i] = r.versions[before] + 1
	}
	if ok && r.recorded[before].After(r.recorded[i]) {
		r.recorded[i] = r.recorded[before]
	}
	r.next = r.next || r.versions[i] < 0
}

func (r *records) statement() string {
	switch {
	case r.position > 0:
		return insertManyAt
	case len(r.all) == 1 && r.next:
		return insertOneNext
	case len(r.all) == 1:
		return insertOneProved
	case r.several && r.next:
		return insertSeveralNext
	case r.several:
		return insertSeveralProved
	case r.next:
		return insertManyNext
	}

	return insertManyProved
}

// args are the columns of the records: those of one record, or each one array, and the
// position if it is known.
func (r *records) args() []any {
	switch {
	case r.position > 0:
		return append(r.arrays(), r.position)
	case len(r.all) == 1:
		return r.columns(0)
	}

	return r.arrays()
}

func (r *records) arrays() []any {
	n := len(r.all)
	types, ids, names := make(array[string], n), make(array[string], n), make(array[string], n)
	events, schemas := make(array[pgtype.UUID], n), make(array[int32], n)
	data, meta := make(array[jsonBytes], n), make(array[jsonBytes], n)
	occurred, keys := make(array[pgtype.Timestamptz], n), make(array[pgtype.Text], n)
	correlations, causations := make(array[pgtype.Text], n), make(array[pgtype.Text], n)
	for i, rec := range r.all {
		types[i], ids[i], names[i] = rec.Stream.Type, rec.Stream.ID, rec.Type
		events[i], schemas[i] = eventID(rec), int32(rec.SchemaVersion)
		data[i], meta[i] = rec.Data, rec.Meta
		occurred[i], keys[i] = r.occurredAt(i), idempotencyKey(rec)
		correlations[i], causations[i] = findable(rec.Correlation), findable(rec.Causation)
	}

	return []any{
		types, ids, array[int64](r.versions), events, names, schemas,
		data, meta, array[time.Time](r.recorded), occurred, keys,
		array[int32](r.batches), array[int32](r.ordinals), correlations, causations,
	}
}

func (r *records) columns(i int) []any {
	rec := r.all[i]

	return []any{
		rec.Stream.Type, rec.Stream.ID, r.versions[i], eventID(rec), rec.Type, int32(rec.SchemaVersion),
		rec.Data, rec.Meta, r.recorded[i], r.occurredAt(i), idempotencyKey(rec),
		findable(rec.Correlation), findable(rec.Causation),
	}
}

func eventID(rec *store.Record) pgtype.UUID { return pgtype.UUID{Bytes: rec.EventID, Valid: true} }

func idempotencyKey(rec *store.Record) pgtype.Text {
	return pgtype.Text{String: rec.IdempotencyKey, Valid: rec.IdempotencyKey != ""}
}

// findable is an id that records are looked up by, NULL where there is none.
func findable(id string) pgtype.Text {
	return pgtype.Text{String: id, Valid: store.Findable(id)}
}

type (
	array[T any] = pgtype.FlatArray[T]
	jsonBytes    = []byte
)

// occurredAt is NULL where the statement is to take what it stores as recorded_at.
func (r *records) occurredAt(i int) pgtype.Timestamptz {
	at := r.all[i].OccurredAt
	switch {
	case !at.IsZero():
		return pgtype.Timestamptz{Time: micros(at), Valid: true}
	case r.versions[i] > 0:
		return pgtype.Timestamptz{Time: r.recorded[i], Valid: true}
	}

	return pgtype.Timestamptz{}
}

// fill tells the records what they were stored as. Positions rise in the order of
// the batches, whatever the order in which RETURNING gave them.
func (r *records) fill(stored []result) {
	slices.SortFunc(stored, func(a, b result) int {
		return cmp.Or(cmp.Compare(a.position, b.position), cmp.Compare(a.ordinal, b.ordinal))
	})
	for i, s := range stored {
		if !r.next {
			s.version, s.recorded, s.occurred = r.versions[i], r.recorded[i], r.occurredAt(i).Time
		}
		rec := r.all[i]
		rec.Position, rec.Ordinal, rec.Version = s.position, int(s.ordinal), s.version
		rec.RecordedAt, rec.OccurredAt = s.recorded.UTC(), s.occurred.UTC()
	}
	fillExecutions(r.executions)
}

// locks are the streams whose next version is asked for, in the one order in which
// everybody locks them.
func (r *records) locks() array[int64] {
	var keys array[int64]
	for i, rec := range r.all {
		if r.versions[i] < 0 {
			h := fnv.New64a()
			h.Write([]byte(rec.Stream.Type + "\x00" + rec.Stream.ID))
			keys = append(keys, int64(h.Sum64()))
		}
	}
	slices.Sort(keys)

	return slices.Compact(keys)
}

// pipeline is what goes to the server in one round trip: the locks and the check, if any,
// the statement of all records, if any, that of all executions, if any, and one statement a
// group of rows.
type pipeline struct {
	pgx.Batch
	given *records
	rows  []placed
	ahead int // how many statements come before that of the records
}

// placed are the rows of one statement and the place of the first among all.
type placed struct {
	first int
	rows  []store.Row
}

// newPipeline makes statements of up to so many parameters of the rows. Rows of several
// batches may share one: where it is refused so are all.
func newPipeline(batches []*store.Batch, lockStreams bool, parameters int) *pipeline {
	p := &pipeline{given: newRecords(batches)}
	if len(batches) == 1 {
		p.queueGuard(batches[0])
	}
	if lockStreams {
		p.ahead++
		p.Queue(lockSQL, p.given.locks())
	}
	if len(p.given.all) > 0 {
		p.Queue(p.given.statement(), p.given.args()...)
	}
	if len(p.given.executions) > 0 {
		p.Queue(executionSQL, executionArgs(p.given.executions)...)
	}
	p.rows = place(rowsOf(batches), parameters)
	for _, at := range p.rows {
		p.Queue(upsert(at.rows), values(at.rows)...)
	}

	return p
}

// rowsOf are the rows of the batches: those of several table by table, so that like ones are
// together, and else in their order.
func rowsOf(batches []*store.Batch) []store.Row {
	if len(batches) == 1 {
		return batches[0].Rows
	}

	var tables []string
	byTable := map[string][]store.Row{}
	for _, b := range batches {
		for _, row := range b.Rows {
			if byTable[row.Table] == nil {
				tables = append(tables, row.Table)
			}
			byTable[row.Table] = append(byTable[row.Table], row)
		}
	}

	var rows []store.Row
	for _, table := range tables {
		rows = append(rows, byTable[table]...)
	}

	return rows
}

func place(rows []store.Row, parameters int) (all []placed) {
	first := 0
	for _, group := range store.GroupRows(rows, parameters) {
		all = append(all, placed{first, group})
		first += len(group)
	}

	return all
}

// send runs the pipeline. The server commits at its end, so that an answer to a
// statement is not yet a commit: only the nil error of Close is.
func (p *pipeline) send(ctx context.Context, conn *pgxpool.Conn) ([]result, error) {
	answers := conn.SendBatch(ctx, &p.Batch)

	stored, err := p.read(answers)
	if closeErr := answers.Close(); err == nil && closeErr != nil {
		err = commitError(closeErr)
	}
	if err != nil {
		return nil, err
	}

	return stored, nil
}

func (p *pipeline) read(answers pgx.BatchResults) ([]result, error) {
	for range p.ahead {
		if _, err := answers.Exec(); err != nil {
			return nil, p.nameError(err, eventError)
		}
	}

	var stored []result
	if len(p.given.all) > 0 {
		rows, err := answers.Query()
		if err == nil {
			stored, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (result, error) {
				return p.given.scan(row.Scan)
			})
		}
		if err != nil {
			return nil, p.nameError(err, eventError)
		}
	}

	if len(p.given.executions) > 0 {
		if _, err := answers.Exec(); err != nil {
			return nil, p.nameError(err, eventError)
		}
	}

	for _, at := range p.rows {
		if _, err := answers.Exec(); err != nil {
			return nil, p.nameError(err, at.error)
		}
	}

	return stored, nil
}

// nameError names err, met while the answer to one statement was awaited; name
// does so where the server refused that statement.
func (p *pipeline) nameError(err error, name func(error) error) error {
	if unsent, ok := errors.AsType[pgx.ErrPreprocessingBatch](err); ok {
		return p.unsentError(err, unsent.SQL())
	}
	if lost(err) {
		return named(store.ErrOutcomeUnknown, err)
	}

	return name(err)
}

// unsentError names an error that pgx met while it prepared a statement or encoded
// its arguments: nothing was run, so that a connection lost there leaves no doubt. Of several
// rows with the same statement it does not tell which one it was, so that the first is named.
func (p *pipeline) unsentError(err error, sql string) error {
	if brokenOff(err) {
		return named(store.ErrUnavailable, err)
	}
	for i, q := range p.QueuedQueries[len(p.QueuedQueries)-len(p.rows):] {
		if q.SQL == sql {
			return p.rows[i].error(err)
		}
	}

	return eventError(err)
}

func (at placed) error(err error) error { return rowError(at.first, at.rows[0], err) }

// scan reads what a record was stored as: its position, and what was not known
// before.
func (r *records) scan(scan func(dest ...any) error) (stored result, err error) {
	if !r.next {
		return stored, scan(&stored.position, &stored.ordinal)
	}

	return stored, scan(&stored.position, &stored.ordinal, &stored.version, &stored.recorded, &stored.occurred)
}

func (r *records) scanAll(rows *sql.Rows) ([]result, error) {
	defer rows.Close()

	var all []result
	for rows.Next() {
		stored, err := r.scan(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, stored)
	}

	return all, rows.Err()
}

func wantsNext(b *store.Batch) bool {
	return slices.ContainsFunc(b.Records, func(r store.Record) bool { return r.Version == 0 })
}

func hasWrite(b *store.Batch) bool {
	return slices.ContainsFunc(b.Rows, func(r store.Row) bool { return r.Write != nil })
}

func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
