package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// script is the INSERT of startPgxInsert. What differs from one event to the next is made of
// pgbench's variables: the version counts up, and event ids ascend as those of ireneo do.
const script = `\set version :version + 1
\set id 100000000000 + :version * 1024 + :client_id
INSERT INTO event_entries (
	position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
	data, meta, recorded_at, occurred_at, idempotency_key)
VALUES (
	nextval('event_entries_position_seq'), 1, :stream_type, 'account-' || :client_id, :version,
	('01990000-0000-7000-8000-' || :id)::uuid, :type, :schema_version,
	:data, :meta, now(), now(), NULL);
`

// between is how far the versions of one run are from those of the next: more than one can insert.
const between = 1_000_000

// startUp is what is cut off the beginning of each run, in which new connections prepare their
// statement.
const startUp = 100 * time.Millisecond

// pgbench is a load that PostgreSQL's own benchmark makes.
type pgbench struct {
	program, url, dir string
	clients           int
	runs              int
	rate              float64 // transactions per second and client in the last run
	starting          cost    // of each run
}

// pgbenchOf is the path of pgbench; empty where the machine has none.
func pgbenchOf(p *place) string {
	if bin, err := postgresBin(); err == nil && p.url == "" {
		return program(bin, "pgbench")
	}
	path, _ := exec.LookPath("pgbench")
	return path
}

func startPgbench(ctx context.Context, s *site) (load, error) {
	if _, err := s.postgres(ctx); err != nil { // for its migrations
		return nil, err
	}
	url, err := s.url(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	b := &pgbench{program: pgbenchOf(s.place), url: url, dir: dir, clients: s.clients, rate: 100}
	if err := os.WriteFile(b.script(), []byte(script), 0o600); err != nil {
		return nil, err
	}
	return b, b.measureStarting(ctx, s.place)
}

// measureStarting has each client connect for one transaction, a few times.
func (b *pgbench) measureStarting(ctx context.Context, p *place) error {
	const times = 3
	before := p.others()
	for range times {
		if _, err := b.once(ctx, -startUp); err != nil {
			return err
		}
	}
	b.starting = p.others().minus(before).each(times)
	return nil
}

func (b *pgbench) script() string { return filepath.Join(b.dir, "insert.sql") }

// run has each client make as many transactions as fit into d by the rate of the last run: pgbench
// itself knows whole seconds only. Where that was far too few, as it is in the first run, it goes again.
func (b *pgbench) run(ctx context.Context, d time.Duration) ([]timings, error) {
	var all int
	var starting cost
	for {
		made, err := b.once(ctx, d)
		if err != nil {
			return nil, err
		}
		all, starting = all+len(made), starting.plus(b.starting)
		b.rate = max(b.rate/4, rateOf(made))
		if found := steady(made); found[0].busy > d/4 {
			found[0].beside, found[0].aside = all-operations(found), starting
			return found, nil
		}
	}
}

func (b *pgbench) once(ctx context.Context, d time.Duration) ([]transaction, error) {
	b.runs++
	out, err := exec.CommandContext(ctx, b.program, b.args(d)...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	return b.transactions()
}

func (b *pgbench) args(d time.Duration) []string {
	data, meta := stored()
	return []string{
		"--no-vacuum", "--protocol=prepared", "--file=" + b.script(),
		"--client=" + strconv.Itoa(b.clients), "--jobs=" + strconv.Itoa(min(b.clients, runtime.NumCPU())),
		"--transactions=" + strconv.Itoa(1+int(b.rate*(startUp+d).Seconds())),
		"--log", "--log-prefix=" + b.logPrefix(),
		"--define=version=" + strconv.Itoa(b.runs*between),
		"--define=stream_type=" + account.Type, "--define=type=account.deposited", "--define=schema_version=1",
		"--define=data=" + string(data), "--define=meta=" + string(meta),
		b.url,
	}
}

func (b *pgbench) logPrefix() string { return filepath.Join(b.dir, fmt.Sprintf("run%d", b.runs)) }

// transaction is one line of pgbench's log.
type transaction struct {
	client int
	took   time.Duration
	end    time.Duration // since 1970
}

// transactions reads the logs of the last run, one of each thread.
func (b *pgbench) transactions() ([]transaction, error) {
	logs, err := filepath.Glob(b.logPrefix() + ".*")
	if err != nil {
		return nil, err
	}
	var all []transaction
	for _, log := range logs {
		if all, err = appendTransactions(all, log); err != nil {
			return nil, err
		}
	}
	if len(all) == 0 {
		return nil, errors.New("pgbench logged no transactions")
	}
	return all, nil
}

func appendTransactions(all []transaction, log string) (_ []transaction, err error) {
	file, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var client, number, took, script, seconds, micros int64
		if _, err := fmt.Sscan(lines.Text(), &client, &number, &took, &script, &seconds, &micros); err != nil {
			return nil, fmt.Errorf("pgbench logged %q: %w", lines.Text(), err)
		}
		all = append(all, transaction{
			client: int(client), took: time.Duration(took) * time.Microsecond,
			end: time.Duration(seconds)*time.Second + time.Duration(micros)*time.Microsecond,
		})
	}
	return all, lines.Err()
}

// rateOf is how many transactions a client makes in a second, once it is connected.
func rateOf(all []transaction) float64 {
	var busy time.Duration
	for _, t := range all {
		busy += t.took
	}
	return float64(len(all)) / busy.Seconds()
}

// steady keeps what was done while all clients were at work: after the start-up, and before the first
// of them had made all its transactions.
func steady(all []transaction) []timings {
	last := map[int]time.Duration{}
	from := all[0].end
	for _, t := range all {
		from, last[t.client] = min(from, t.end), max(last[t.client], t.end)
	}
	from += startUp
	until := slices.Min(slices.Collect(maps.Values(last)))

	found := make([]timings, len(last))
	for i := range found {
		found[i].busy = max(0, until-from)
	}
	for _, t := range all {
		if t.end > from && t.end <= until {
			found[t.client].each = append(found[t.client].each, t.took)
		}
	}
	return found
}
