package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ireneo-dev/ireneo/store"
)

// Read yields the records that match q in q's order. It holds a connection until
// the loop ends, and reads to the end of the answer where the loop ends early, for
// which q.Limit is the better way. With q.Tx, nothing else may use it meanwhile.
func (s *Store) Read(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		rows, err := s.selectRecords(ctx, q)
		if err != nil {
			yield(store.Record{}, fmt.Errorf("read %s: %w", subject(q), broken(ctx, err)))
			return
		}
		defer rows.Close()

		read := readerOf(rows)
		for rows.Next() {
			rec, err := read.record()
			if !yield(rec, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(store.Record{}, fmt.Errorf("read %s: %w", subject(q), broken(ctx, err)))
		}
	}
}

// subject is what q reads, for error messages.
func subject(q store.Query) string {
	if q.Several != nil {
		return strconv.Itoa(len(q.Several)) + " streams"
	}

	return q.Stream.Type + "/" + q.Stream.ID
}

// cursor is what pgx's rows and database/sql's have in common.
type cursor interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close()
}

// sqlCursor drops the error of Close, which is that of Err.
type sqlCursor struct{ *sql.Rows }

func (c sqlCursor) Close() { _ = c.Rows.Close() }

//nolint:sqlclosecheck // whoever reads the cursor closes it
func (s *Store) selectRecords(ctx context.Context, q store.Query) (cursor, error) {
	text, args := selection(q)
	switch {
	case q.Several != nil:
		text, args = selectSeveral(q)
	case q.Order == store.ByPosition:
		mark, err := s.markOf(ctx, q)
		if err != nil {
			return nil, err
		}
		text, args = settled, []any{q.AfterPosition, mark, limitOf(q)}
	case q.Order == store.ByStream:
		text, args = byStream, []any{q.Stream.Type, q.Stream.ID, q.AfterVersion, upTo(q), q.Types, limitOf(q)}
	case q.Order == store.NewestFirst:
		text, args = newest, []any{upTo(q), limitOf(q)}
	}
	if q.Tx == nil {
		return s.pool.Query(ctx, text, args...)
	}

	rows, err := q.Tx.Statement.ConnPool.QueryContext(ctx, text, args...) //nolint:rowserrcheck // whoever reads the cursor asks for it

	return sqlCursor{rows}, err
}

// byStream selects the streams of one type after a place, along the index. In a table
// that is yet to be analyzed PostgreSQL would think that a few records are left, and
// sort them rather than follow the index: all there are for each page. Therefore the
// bounds that no index helps with are hidden from it, and so is the limit.
const byStream = columns + `
		WHERE stream_type = $1
		AND (stream_id, version) > ($2, $3)
		AND COALESCE(position <= $4, false)
		AND COALESCE(type = ANY ($5), true)
		ORDER BY stream_id, version
		LIMIT (SELECT $6::bigint)`

// newest selects the log from its end, or from a position downwards.
const newest = columns + `
		WHERE position <= $1
		ORDER BY position DESC, ordinal DESC
		LIMIT $2`

// limitOf is what PostgreSQL takes for a limit: NULL is none.
func limitOf(q store.Query) any {
	if q.Limit == 0 {
		return nil
	}

	return q.Limit
}

// upTo is q's last position.
func upTo(q store.Query) int64 {
	if q.UpToPosition == 0 {
		return math.MaxInt64
	}

	return q.UpToPosition
}

const fields = `
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, COALESCE(idempotency_key, '') AS idempotency_key`

const columns = `
		SELECT` + fields + `
		FROM event_entries`

func selection(q store.Query) (text string, args []any) {
	var b strings.Builder
	b.WriteString(columns + `
		WHERE true`)
	where := func(clause string, value any) {
		args = append(args, value)
		b.WriteString("\n\t\tAND " + clause + " $" + strconv.Itoa(len(args)))
	}

	if q.Stream != (store.Stream{}) || q.EventID == uuid.Nil {
		where("stream_type =", q.Stream.Type)
		where("stream_id =", q.Stream.ID)
	}
	if q.EventID != uuid.Nil {
		where("event_id =", pgtype.UUID{Bytes: q.EventID, Valid: true})
	}
	if q.AfterVersion != 0 {
		where("version >", q.AfterVersion)
	}
	if q.UpToVersion != 0 {
		where("version <=", q.UpToVersion)
	}
	if q.UpToPosition != 0 {
		where("position <=", q.UpToPosition)
	}
	if q.Types != nil {
		args = append(args, q.Types)
		b.WriteString("\n\t\tAND type = ANY ($" + strconv.Itoa(len(args)) + ")")
	}
	if !q.RecordedUntil.IsZero() {
		where("recorded_at <=", micros(q.RecordedUntil))
	}
	if !q.OccurredUntil.IsZero() {
		where("occurred_at <=", micros(q.OccurredUntil))
	}
	if q.IdempotencyKey != "" {
		where("idempotency_key =", q.IdempotencyKey)
	}
	if q.After != nil {
		args = append(args, micros(q.After.OccurredAt), q.After.Version)
		fmt.Fprintf(&b, "\n\t\tAND (occurred_at, version) > ($%d, $%d)", len(args)-1, len(args))
	}

	b.WriteString(order(q.Order))
	if q.Limit > 0 {
		args = append(args, q.Limit)
		b.WriteString("\n\t\tLIMIT $" + strconv.Itoa(len(args)))
	}

	return b.String(), args
}

func order(o store.Order) string {
	switch o {
	case store.ByVersion:
		return "\n\t\tORDER BY version"
	case store.LastFirst:
		return "\n\t\tORDER BY version DESC"
	}

	return "\n\t\tORDER BY occurred_at, version"
}
