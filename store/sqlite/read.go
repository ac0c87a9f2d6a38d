package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/store"
)

// Read yields the records that match q in q's order. It holds a reading
// connection until the loop ends. With q.Tx, nothing else may use it meanwhile.
func (s *Store) Read(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		rows, err := s.selectRecords(ctx, q)
		if err != nil {
			yield(store.Record{}, fmt.Errorf("read %s: %w", subject(q), translate(err)))
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
			yield(store.Record{}, fmt.Errorf("read %s: %w", subject(q), translate(err)))
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

// settled selects the log after a position. What is committed is settled: there is one
// writer, which draws positions and commits in one go.
const settled = columns + `
		WHERE entry > ?1
		AND position <= COALESCE((
			SELECT MAX(position)
			FROM (
				SELECT position
				FROM event_entries
				WHERE entry > ?1
				AND entry <= ?2
				ORDER BY entry
				LIMIT ?3
			) AS page
		), 0)
		ORDER BY entry`

// byStream selects the streams of one type after a place, along the index: the plus keeps
// SQLite from that of entries.
const byStream = columns + `
		WHERE stream_type = ?1
		AND (stream_id, version) > (?2, ?3)
		AND +entry <= ?4
		AND (?5 IS NULL OR type IN (SELECT value FROM json_each(?5)))
		ORDER BY stream_id, version
		LIMIT ?6`

// newest selects the log from its end, or from a position downwards.
const newest = columns + `
		WHERE entry <= ?1
		ORDER BY entry DESC
		LIMIT ?2`

// limitOf is what SQLite takes for a limit: -1 is none.
func limitOf(q store.Query) int {
	if q.Limit == 0 {
		return -1
	}

	return q.Limit
}

func (s *Store) selectRecords(ctx context.Context, q store.Query) (*sql.Rows, error) {
	text, args := selection(q)
	switch {
	case q.Several != nil:
		text, args = selectSeveral(q)
	case q.Order == store.ByStream:
		text, args = byStream, []any{q.Stream.Type, q.Stream.ID, q.AfterVersion, upToEntry(q), listOf(q.Types), limitOf(q)}
	case q.Order == store.NewestFirst:
		text, args = newest, []any{upToEntry(q), limitOf(q)}
	case q.Order == store.ByPosition:
		text, args = settled, []any{lastEntry(q.AfterPosition), upToEntry(q), limitOf(q)}
	}
	if q.Tx == nil {
		return s.readers.QueryContext(ctx, text, args...)
	}

	return q.Tx.Statement.ConnPool.QueryContext(ctx, text, args...)
}

// lastEntry is the last that a record at position may have. Of positions that no record
// can have it is the greatest.
func lastEntry(position int64) int64 {
	if position >= math.MaxInt64>>ordinalBits {
		return math.MaxInt64
	}

	return (position+1)<<ordinalBits - 1
}

func upToEntry(q store.Query) int64 {
	if q.UpToPosition == 0 {
		return math.MaxInt64
	}

	return lastEntry(q.UpToPosition)
}

const fields = `
			position, ordinal, stream_type, stream_id, version, event_id, event_entries.type, schema_version,
			data, meta, recorded_at, occurred_at, COALESCE(idempotency_key, '')`

const columns = `
		SELECT` + fields + `
		FROM event_entries`

func selection(q store.Query) (text string, args []any) {
	var b strings.Builder
	b.WriteString(columns + `
		WHERE true`)
	where := func(clause string, value any) {
		args = append(args, value)
		b.WriteString("\n\t\tAND " + clause + " ?" + strconv.Itoa(len(args)))
	}

	if q.Stream != (store.Stream{}) || q.EventID == uuid.Nil {
		where("stream_type =", q.Stream.Type)
		where("stream_id =", q.Stream.ID)
	}
	if q.EventID != uuid.Nil {
		where("event_id =", q.EventID[:])
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
		args = append(args, listOf(q.Types))
		b.WriteString("\n\t\tAND type IN (SELECT value FROM json_each(?" + strconv.Itoa(len(args)) + "))")
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
		fmt.Fprintf(&b, "\n\t\tAND (occurred_at, version) > (?%d, ?%d)", len(args)-1, len(args))
	}

	b.WriteString(order(q.Order))
	if q.Limit > 0 {
		args = append(args, q.Limit)
		b.WriteString("\n\t\tLIMIT ?" + strconv.Itoa(len(args)))
	}

	return b.String(), args
}

// listOf is how names are given to a statement; nil stays nil.
func listOf(names []string) any {
	if names == nil {
		return nil
	}
	text, _ := json.Marshal(names) //nolint:errchkjson // strings never fail

	return string(text)
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

// Holders are none: there is one writer, which draws positions and commits in one go.
func (s *Store) Holders(context.Context) ([]store.Holder, error) { return nil, nil }

// Settled is the last position there is.
func (s *Store) Settled(ctx context.Context) (position int64, err error) {
	err = s.readers.QueryRowContext(ctx, `
		SELECT COALESCE(MAX(entry), 0) >> ?1
		FROM event_entries`, ordinalBits).Scan(&position)
	if err != nil {
		return 0, fmt.Errorf("last position: %w", translate(err))
	}

	return position, nil
}
