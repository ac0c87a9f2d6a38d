package main

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo"
)

// depth is how many events each stream has whose row is rebuilt.
const depth = 10

// startRebuild makes the rows of a projection anew, from all events.
func startRebuild(ctx context.Context, s *site) (load, error) {
	h, err := s.place.history(ctx, s.place.events/depth)
	if err != nil {
		return nil, err
	}
	log, err := h.log(ctx, s)
	if err != nil {
		return nil, err
	}
	return many{h.events, clients{{op: func(ctx context.Context) error {
		var last ireneo.Rebuild
		if err := log.Rebuild(ctx, balances.Name(), func(r ireneo.Rebuild) { last = r }); err != nil {
			return err
		}
		if last.Events != int64(h.events) || last.Rows != int64(h.streams) {
			return fmt.Errorf("%d rows of %d events were made, and not %d of %d", last.Rows, last.Events, h.streams, h.events)
		}
		return nil
	}}}}, nil
}

// startReplay replays one stream that has all events.
func startReplay(ctx context.Context, s *site) (load, error) {
	h, err := s.place.history(ctx, 1)
	if err != nil {
		return nil, err
	}
	log, err := h.log(ctx, s)
	if err != nil {
		return nil, err
	}
	carrier := carrying(ctx, log)
	return many{h.events, clients{{op: func(context.Context) error {
		balance, err := balances.Replay(carrier, accountAfter.For(streamID(0)))
		if err == nil && balance.Deposits != h.events {
			err = fmt.Errorf("%d of %d events were replayed", balance.Deposits, h.events)
		}
		return err
	}}}}, nil
}

// startCopy is the limit of a rebuild: PostgreSQL writes the columns that a rebuild reads, of the
// same events, to nowhere.
func startCopy(ctx context.Context, s *site) (load, error) {
	h, err := s.place.history(ctx, s.place.events/depth)
	if err != nil {
		return nil, err
	}
	url, err := h.site.url(ctx)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(func() error { return conn.Close(context.WithoutCancel(ctx)) })

	to, err := copyTo(ctx, conn)
	if err != nil {
		return nil, err
	}
	s.place.note("COPY wrote to " + to + ".")
	return many{h.events, clients{{op: func(ctx context.Context) error {
		written, err := conn.PgConn().CopyTo(ctx, io.Discard, copyEvents+to)
		if err == nil && written.RowsAffected() != int64(h.events) {
			err = fmt.Errorf("COPY wrote %d of %d events", written.RowsAffected(), h.events)
		}
		return err
	}}}}, nil
}

const copyEvents = `
	COPY event_entries (
		position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
		data, meta, recorded_at, occurred_at, idempotency_key)
	TO `

// copyTo is where the role may let the server write to: a file of the server's, or us.
func copyTo(ctx context.Context, conn *pgx.Conn) (to string, err error) {
	var mayWrite bool
	err = conn.QueryRow(ctx, "SELECT pg_has_role(current_user, 'pg_write_server_files', 'USAGE')").Scan(&mayWrite)
	if mayWrite {
		return "'/dev/null'", err
	}
	return "STDOUT", err
}
