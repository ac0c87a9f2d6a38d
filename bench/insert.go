package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	_ "modernc.org/sqlite" // the driver under the name "sqlite"

	"github.com/ireneo-dev/ireneo/store"
)

// records yields the records of one client's stream, version by version.
func records(client int) func() store.Record {
	data, meta := stored()
	r := store.Record{
		Stream: store.Stream{Type: account.Type, ID: streamID(client)},
		Type:   "account.deposited", SchemaVersion: 1, Data: data, Meta: meta,
	}
	return func() store.Record {
		r.Version++
		r.EventID = uuid.Must(uuid.NewV7())
		r.RecordedAt = time.Now().UTC().Truncate(time.Microsecond)
		r.OccurredAt = r.RecordedAt
		return r
	}
}

// insertEntry is what a limit inserts with.
const insertEntry = `
	INSERT INTO event_entries (
		position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
		data, meta, recorded_at, occurred_at, idempotency_key)
	VALUES (nextval('event_entries_position_seq'), 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

// startPgxInsert is the limit as Go can reach it: one INSERT into the log's own table, prepared, on
// a connection each client keeps.
func startPgxInsert(ctx context.Context, s *site) (load, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, err
	}
	all := make(clients, s.clients)
	for i := range all {
		conn, err := pool.Acquire(ctx)
		if err != nil {
			return nil, err
		}
		s.later(func() error { conn.Release(); return nil })
		if _, err := conn.Conn().Prepare(ctx, "insert", insertEntry); err != nil {
			return nil, err
		}

		next := records(i)
		all[i].op = func(ctx context.Context) error {
			r := next()
			_, err := conn.Exec(ctx, "insert",
				r.Stream.Type, r.Stream.ID, r.Version, pgtype.UUID{Bytes: r.EventID, Valid: true}, r.Type, r.SchemaVersion,
				r.Data, r.Meta, r.RecordedAt, r.OccurredAt, pgtype.Text{})
			return err
		}
	}
	return all, nil
}

// startRawSQLite is the limit on SQLite: the driver's own prepared statement, without database/sql,
// on a connection with the pragmas of package store/sqlite.
func startRawSQLite(ctx context.Context, s *site) (load, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "bench.sqlite3")
	if _, err := openSQLite(ctx, s, path); err != nil { // for its migrations
		return nil, err
	}
	conn, err := rawSQLite(ctx, s, path)
	if err != nil {
		return nil, err
	}

	stmt, err := conn.Prepare(`
		INSERT INTO event_entries (
			stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`)
	if err != nil {
		return nil, err
	}
	s.later(stmt.Close)

	next := records(0)
	return clients{{op: func(ctx context.Context) error {
		_, err := stmt.(driver.StmtExecContext).ExecContext(ctx, sqliteValues(next()))
		return err
	}}}, nil
}

func sqliteValues(r store.Record) []driver.NamedValue {
	values := []driver.Value{
		r.Stream.Type, r.Stream.ID, r.Version, r.EventID[:], r.Type, int64(r.SchemaVersion),
		string(r.Data), string(r.Meta), r.RecordedAt.UnixMicro(), r.OccurredAt.UnixMicro(), nil,
	}
	named := make([]driver.NamedValue, len(values))
	for i, v := range values {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return named
}

// sqlitePragmas are those of package store/sqlite; a test compares them. The WAL is a property of
// the file.
const sqlitePragmas = "_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
	"&_pragma=recursive_triggers(1)&_dqs=0&_time_format=sqlite&_timezone=UTC&_txlock=immediate"

// rawSQLite is a connection of the driver, taken out of the hands of database/sql.
func rawSQLite(ctx context.Context, s *site, path string) (raw driver.Conn, err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+sqlitePragmas)
	if err != nil {
		return nil, err
	}
	s.later(db.Close)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	s.later(conn.Close)

	err = conn.Raw(func(c any) error {
		var ok bool
		if raw, ok = c.(driver.Conn); !ok {
			return errors.New("the driver has no connection")
		}
		return nil
	})
	return raw, err
}
