package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ireneo-dev/ireneo/store"
)

// design is a way to append that other event stores are built on.
type design struct {
	name   string
	append onConn
}

// onConn is an operation of one client, which has a connection and a stream of its own.
type onConn func(context.Context, *pgx.Conn, store.Record) error

// designs have as few round trips as each can have.
func designs() []design {
	return []design{
		{"design: SELECT version, INSERT", readThenInsert},
		{"design: SELECT version, INSERT, in a transaction", inTransaction(pgx.TxOptions{})},
		{"design: lock of the category, INSERT", lockThenInsert},
		{"design: SERIALIZABLE, tried again", tryingAgain(inTransaction(pgx.TxOptions{IsoLevel: pgx.Serializable}))},
	}
}

const (
	replayDesign = "design: replay 1000, pgx + encoding/json"
	decideDesign = "design: replay + insert, pgx, depth 1000"
)

// baselines are what others do, with bare pgx on the log's own table and the bytes of its appends. At
// 8 clients they say nothing that 32 do not.
func baselines() []row {
	var rows []row
	for _, n := range []int{1, 32} {
		for _, d := range designs() {
			rows = append(rows, row{name: d.name, clients: n, limit: postgresL(n), start: d.start})
		}
	}
	return append(
		rows,
		row{name: replayDesign, clients: 1, start: startReplayDesign},
		row{name: decideDesign, clients: 32, limit: postgresL(32), start: startDecideDesign},
	)
}

func (d design) start(ctx context.Context, s *site) (load, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, err
	}
	return onConns(ctx, s, pool, d.append)
}

// onConns gives each client a connection to keep, as startPgxInsert does.
func onConns(ctx context.Context, s *site, pool *pgxpool.Pool, op onConn) (load, error) {
	all := make(clients, s.clients)
	for i := range all {
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		s.later(func() error { conn.Release(); return nil })
		next := records(i)
		all[i].op = func(ctx context.Context) error { return op(ctx, conn.Conn(), next()) }
	}
	return all, nil
}

// queries is a connection or a transaction on it.
type queries interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

const lastVersion = `
	SELECT COALESCE(MAX(version), 0)
	FROM event_entries
	WHERE stream_type = $1
	AND stream_id = $2`

// insertNext inserts behind the version that it has looked up.
func insertNext(ctx context.Context, q queries, r store.Record) error {
	if err := q.QueryRow(ctx, lastVersion, r.Stream.Type, r.Stream.ID).Scan(&r.Version); err != nil {
		return err
	}
	r.Version++
	_, err := q.Exec(ctx, insertEntry, entryValues(r)...)
	return err
}

// entryValues are the arguments of insertEntry.
func entryValues(r store.Record) []any {
	return []any{
		r.Stream.Type, r.Stream.ID, r.Version,
		pgtype.UUID{Bytes: r.EventID, Valid: true},
		r.Type, r.SchemaVersion,
		r.Data, r.Meta, r.RecordedAt, r.OccurredAt,
		pgtype.Text{},
	}
}

func readThenInsert(ctx context.Context, conn *pgx.Conn, r store.Record) error {
	return insertNext(ctx, conn, r)
}

func inTransaction(options pgx.TxOptions) onConn {
	return func(ctx context.Context, conn *pgx.Conn, r store.Record) error {
		return pgx.BeginTxFunc(ctx, conn, options, func(tx pgx.Tx) error { return insertNext(ctx, tx, r) })
	}
}

// lockThenInsert has all writers of a stream type wait for each other until they have committed, so
// that positions become visible in their order. Both statements are sent together.
func lockThenInsert(ctx context.Context, conn *pgx.Conn, r store.Record) error {
	var b pgx.Batch
	b.Queue("SELECT pg_advisory_xact_lock($1)", key(r.Stream.Type))
	b.Queue(insertEntry, entryValues(r)...)
	return conn.SendBatch(ctx, &b).Close()
}

// tryingAgain repeats what PostgreSQL could not serialize, and what lost its version to another.
func tryingAgain(once onConn) onConn {
	return func(ctx context.Context, conn *pgx.Conn, r store.Record) error {
		for {
			err := once(ctx, conn, r)
			var refused *pgconn.PgError
			if !errors.As(err, &refused) || refused.Code != "40001" && refused.Code != "23505" {
				return err
			}
		}
	}
}

// deep is how many events the streams of a replay have.
const deep = 1000

// fillDeep gives each client of a site its stream of a thousand events.
func fillDeep(ctx context.Context, s *site, pool *pgxpool.Pool) error {
	data, meta := stored()
	_, err := pool.Exec(ctx, `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		SELECT
			nextval('event_entries_position_seq'), 1, $1, 'account-' || client, version, gen_random_uuid(),
			'account.deposited', 1, $2, $3, now(), now()
		FROM generate_series(1, $4) AS version, generate_series(0, $5 - 1) AS client`,
		account.Type, data, meta, deep, s.clients)
	return err
}

// startReplayDesign reads and folds whole streams: what a load costs where nothing is kept in memory.
func startReplayDesign(ctx context.Context, s *site) (load, error) {
	return startOnDeep(ctx, s, func(ctx context.Context, conn *pgx.Conn, r store.Record) error {
		_, _, err := replayEntries(ctx, conn, r.Stream)
		return err
	})
}

// startDecideDesign does so before each append, without a transaction: the version guards it.
func startDecideDesign(ctx context.Context, s *site) (load, error) {
	return startOnDeep(ctx, s, func(ctx context.Context, conn *pgx.Conn, r store.Record) error {
		position, last, err := replayEntries(ctx, conn, r.Stream)
		if err != nil {
			return err
		}
		position.deposit(deposited())
		r.Version = last + 1
		_, err = conn.Exec(ctx, insertEntry, entryValues(r)...)
		return err
	})
}

func startOnDeep(ctx context.Context, s *site, op onConn) (load, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, err
	}
	if err := fillDeep(ctx, s, pool); err != nil {
		return nil, err
	}
	return onConns(ctx, s, pool, op)
}

func replayEntries(ctx context.Context, conn *pgx.Conn, of store.Stream) (*Position, int64, error) {
	rows, err := conn.Query(ctx, `
		SELECT version, data
		FROM event_entries
		WHERE stream_type = $1
		AND stream_id = $2
		ORDER BY version`, of.Type, of.ID)
	if err != nil {
		return nil, 0, err
	}
	return foldDeposits(rows)
}

// foldDeposits takes rows of a version and the bytes of an event.
func foldDeposits(rows pgx.Rows) (*Position, int64, error) {
	var position Position
	var version int64
	var data []byte
	_, err := pgx.ForEachRow(rows, []any{&version, &data}, func() error {
		var ev Deposited
		if err := json.Unmarshal(data, &ev); err != nil {
			return err
		}
		position.deposit(&ev)
		return nil
	})
	return &position, version, err
}
