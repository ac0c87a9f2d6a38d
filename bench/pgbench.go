package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// script is the INSERT of startPgxInsert. What differs from one event to the next is made of
// pgbench's variables: the version counts up, and event ids ascend as those of ireneo do.
const script = `\set version :version + 1
\set id 100000000000 + :version * 1024 + :client_id
INSERT INTO event_entries (
	position, stream_type, stream_id, version, event_id, type, schema_version,
	data, meta, recorded_at, occurred_at, idempotency_key)
VALUES (
	nextval('event_entries_position_seq'), :stream_type, 'account-' || :client_id, :version,
	('01990000-0000-7000-8000-' || :id)::uuid, :type, :schema_version,
	:data, :meta, now(), now(), NULL);
`

// between is how far the versions of one run are from those of the next: more than one can insert.
const between = 10_000_000

// pgbench is a load that PostgreSQL's own benchmark makes.
type pgbench struct {
	program, url, dir string
	clients           int
	runs              int
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
	b := &pgbench{program: pgbenchOf(s.place), url: url, dir: dir, clients: s.clients}
	return b, os.WriteFile(b.script(), []byte(script), 0o600)
}

func (b *pgbench) script() string { return filepath.Join(b.dir, "insert.sql") }

// run takes whole seconds, at least one: pgbench knows no shorter time.
func (b *pgbench) run(ctx context.Context, d time.Duration) (sample, error) {
	b.runs++
	out, err := exec.CommandContext(ctx, b.program, b.args(d)...).CombinedOutput()
	if err != nil {
		return sample{}, fmt.Errorf("pgbench: %w: %s", err, out)
	}
	ops, err := tps(string(out))
	if err != nil {
		return sample{}, err
	}
	each, err := b.latencies()
	return sample{Count: len(each), Ops: ops, P50: percentile(each, 50), P99: percentile(each, 99)}, err
}

func (b *pgbench) args(d time.Duration) []string {
	data, meta := stored()
	return []string{
		"--no-vacuum", "--protocol=prepared", "--file=" + b.script(),
		"--client=" + strconv.Itoa(b.clients), "--jobs=" + strconv.Itoa(min(b.clients, runtime.NumCPU())),
		"--time=" + strconv.Itoa(int(math.Ceil(d.Seconds()))),
		"--log", "--log-prefix=" + b.logPrefix(),
		"--define=version=" + strconv.Itoa(b.runs*between),
		"--define=stream_type=" + account.Type, "--define=type=account.deposited", "--define=schema_version=1",
		"--define=data=" + string(data), "--define=meta=" + string(meta),
		b.url,
	}
}

func (b *pgbench) logPrefix() string { return filepath.Join(b.dir, fmt.Sprintf("run%d", b.runs)) }

var tpsLine = regexp.MustCompile(`(?m)^tps = ([0-9.]+) \(without initial connection time\)`)

func tps(output string) (float64, error) {
	found := tpsLine.FindStringSubmatch(output)
	if found == nil {
		return 0, errors.New("pgbench said nothing of its tps: " + output)
	}
	return strconv.ParseFloat(found[1], 64)
}

// latencies reads the logs of the last run, one of each thread, and sorts what they say.
func (b *pgbench) latencies() ([]time.Duration, error) {
	logs, err := filepath.Glob(b.logPrefix() + ".*")
	if err != nil {
		return nil, err
	}
	var each []time.Duration
	for _, log := range logs {
		if each, err = appendLatencies(each, log); err != nil {
			return nil, err
		}
	}
	slices.Sort(each)
	return each, nil
}

// appendLatencies reads the third column of a log, in microseconds.
func appendLatencies(each []time.Duration, log string) (_ []time.Duration, err error) {
	file, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()

	lines := bufio.NewScanner(file)
	for lines.Scan() {
		columns := strings.Fields(lines.Text())
		if len(columns) < 3 {
			return nil, errors.New("pgbench logged " + lines.Text())
		}
		micros, err := strconv.ParseInt(columns[2], 10, 64)
		if err != nil {
			return nil, err
		}
		each = append(each, time.Duration(micros)*time.Microsecond)
	}
	return each, lines.Err()
}
