package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store/postgres"
)

// history is a log of very many events, in a schema of its own. It is made when the first row needs
// it, and all rounds have the same.
type history struct {
	site    *site
	streams int
	events  int
}

// history is that of the place's events in so many streams, each as deep as the others.
func (p *place) history(ctx context.Context, streams int) (*history, error) {
	for _, h := range p.kept {
		if h.streams == streams {
			return h, nil
		}
	}
	h := &history{site: p.site(4), streams: streams, events: p.events / streams * streams}
	p.kept = append(p.kept, h)
	if err := h.fill(ctx); err != nil {
		return nil, fmt.Errorf("make %d events: %w", h.events, err)
	}
	return h, nil
}

// fill writes what appends would have: events come in turn to all streams, their ids ascend, and
// their bytes are those of stored.
func (h *history) fill(ctx context.Context) (err error) {
	if _, err := h.site.postgres(ctx); err != nil {
		return err
	}
	url, err := h.site.url(ctx)
	if err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()

	data, meta := stored()
	_, err = conn.Exec(ctx, `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key)
		SELECT
			n, 1, $1::text, 'account-' || ((n - 1) % $2), (n - 1) / $2 + 1,
			('01990000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'account.deposited', 1,
			$3, $4, $5::timestamptz + n * interval '1 ms', $5::timestamptz + n * interval '1 ms', NULL
		FROM generate_series(1, $6::bigint) AS n`,
		account.Type, int64(h.streams), data, meta, valueDate, int64(h.events))
	if err != nil {
		return err
	}
	for _, statement := range []string{
		fmt.Sprintf("SELECT setval('event_entries_position_seq', %d)", h.events),
		"VACUUM (ANALYZE) event_entries", // as autovacuum would
	} {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// log opens a log on it for the time of a site.
func (h *history) log(ctx context.Context, s *site) (*ireneo.Log, error) {
	url, err := h.site.poolURL(ctx)
	if err != nil {
		return nil, err
	}
	st, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(st.Close)
	return ireneo.Open(st, config(accountAfter))
}
