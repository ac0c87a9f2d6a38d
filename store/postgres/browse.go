package postgres

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo/store"
)

// key is a way into the log: the column that an index begins with. The index has no record
// without a value in it.
type key string

const (
	byType        key = "type"
	byCorrelation key = "correlation_id"
	byCausation   key = "causation_id"
)

// Browse returns records of a part of the log. See [store.Pages].
func (s *Store) Browse(ctx context.Context, q store.Browse) ([]store.Record, error) {
	if q.Nothing() {
		return nil, nil
	}
	var st statement
	switch {
	case q.Correlation != "":
		st.alongKey(q, byCorrelation, []string{q.Correlation})
	case q.Causation != "":
		st.alongKey(q, byCausation, []string{q.Causation})
	case q.OneStream():
		from, until, err := store.Versions(ctx, s, q)
		if err != nil {
			return nil, fmt.Errorf("browse the log: %w", err)
		}
		st.alongStream(q, from, until)
	case q.Types != nil:
		st.alongKey(q, byType, q.Types)
	default:
		st.alongLog(q)
	}

	return s.collect(ctx, "browse the log", st.String(), st.args)
}

// statement is one that is put together.
//
// A table that is yet to be analyzed makes PostgreSQL guess, and a common value makes it
// hope to meet enough records on its way along the whole log. So it is left one way only:
// the order names all columns of one index, no other index has that order, and what no index
// helps with is hidden from it, as is the limit. A value that is looked up is one of an array
// of one, since of a plain = PostgreSQL would know that the order need not name it. Bounds of
// rows end a scan only by their first column, and so they name the columns after the value.
type statement struct {
	strings.Builder
	args []any
}

// arg is how the statement calls a value.
func (st *statement) arg(value any) string {
	st.args = append(st.args, value)

	return "$" + strconv.Itoa(len(st.args))
}

// alongKey selects along an index: for each of the values as many records as are wanted, and
// of all of these the first.
func (st *statement) alongKey(q store.Browse, k key, values []string) {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	after, before := st.points(q)
	column := string(k)
	st.WriteString(`
		SELECT` + fields + `
		FROM unnest(` + st.arg(values) + `::text[]) AS wanted (value)
		CROSS JOIN LATERAL (
			SELECT` + fields + `
			FROM event_entries
			WHERE ` + column + ` IS NOT NULL
			AND ` + column + ` = ANY (ARRAY[wanted.value])
			AND (position, ordinal) > (` + after + `)
			AND (position, ordinal) < (` + before + `)`)
	st.filter(q, k)
	st.WriteString(`
			ORDER BY ` + sorted(q.Oldest, column, "position", "ordinal") + `
			LIMIT (SELECT ` + st.arg(q.Limit) + `::bigint)
		) AS found
		ORDER BY ` + sorted(q.Oldest, "position", "ordinal") + `
		LIMIT ` + st.arg(q.Limit))
}

// alongStream selects some versions of one stream.
func (st *statement) alongStream(q store.Browse, from, until int64) {
	st.WriteString(columns + `
		WHERE stream_type = ` + st.arg(q.Stream.Type) + `
		AND stream_id = ` + st.arg(q.Stream.ID) + `
		AND version >= ` + st.arg(from) + `
		AND version < ` + st.arg(until))
	q.Stream = store.Stream{}
	st.filter(q, "")
	st.end(q.Oldest, q.Limit, "version")
}

// alongLog selects part of the log as it lies.
func (st *statement) alongLog(q store.Browse) {
	after, before := st.points(q)
	st.WriteString(columns + `
		WHERE (position, ordinal) > (` + after + `)
		AND (position, ordinal) < (` + before + `)`)
	st.filter(q, "")
	st.end(q.Oldest, q.Limit, "position", "ordinal")
}

// points are the bounds of q.
func (st *statement) points(q store.Browse) (after, before string) {
	if q.Before == (store.Point{}) {
		q.Before.Position = math.MaxInt64
	}
	point := func(p store.Point) string {
		return st.arg(p.Position) + "::bigint, " + st.arg(p.Ordinal) + "::bigint"
	}

	return point(q.After), point(q.Before)
}

// filter adds what is looked up record by record: all but what is followed.
func (st *statement) filter(q store.Browse, followed key) {
	where := func(wanted bool, condition string, value any) {
		if wanted {
			st.WriteString(`
		AND COALESCE(` + condition + ` ` + st.arg(value) + `, false)`)
		}
	}
	where(q.Causation != "" && followed != byCausation, "causation_id =", q.Causation)
	end := store.PrefixEnd(q.Stream.ID)
	ofID := q.Stream.Type != "" && q.Stream.ID != ""
	where(q.Stream.Type != "", "stream_type =", q.Stream.Type)
	where(ofID && !q.Prefix, "stream_id =", q.Stream.ID)
	where(ofID && q.Prefix, "stream_id >=", q.Stream.ID)
	where(ofID && q.Prefix && end != "", "stream_id <", end)
	if q.Types != nil && followed != byType {
		st.WriteString(`
		AND COALESCE(type = ANY (` + st.arg(q.Types) + `), false)`)
	}
	where(!q.RecordedFrom.IsZero(), "recorded_at >=", micros(q.RecordedFrom))
	where(!q.RecordedUntil.IsZero(), "recorded_at <=", micros(q.RecordedUntil))
}

// end orders and limits.
func (st *statement) end(ascending bool, limit int, by ...string) {
	st.WriteString(`
		ORDER BY ` + sorted(ascending, by...) + `
		LIMIT (SELECT ` + st.arg(limit) + `::bigint)`)
}

func sorted(ascending bool, by ...string) string {
	if ascending {
		return strings.Join(by, ", ")
	}

	return strings.Join(by, " DESC, ") + " DESC"
}

// Heads returns the last record of each stream of a type. See [store.Pages]. It jumps along
// the index from one stream to the next (PostgreSQL's wiki: Loose indexscan), however long
// they are.
func (s *Store) Heads(ctx context.Context, q store.Heads) ([]store.Record, error) {
	if q.Nothing() {
		return nil, nil
	}
	var st statement
	st.heads(q)

	return s.collect(ctx, "read the streams of "+q.Type, st.String(), st.args)
}

func (st *statement) heads(q store.Heads) {
	typ := st.arg(q.Type)
	within := `WHERE stream_type = ` + typ + `
				AND stream_id >= ` + st.arg(q.Prefix)
	if end := store.PrefixEnd(q.Prefix); end != "" {
		within += `
				AND stream_id < ` + st.arg(end)
	}
	beyond := `
				AND stream_id ` + map[bool]string{false: ">", true: "<"}[q.Backwards] + " "
	start := within
	if q.After != "" {
		start += beyond + st.arg(q.After)
	}
	next := `
				ORDER BY ` + sorted(!q.Backwards, "stream_type", "stream_id", "version") + `
				LIMIT 1`

	st.WriteString(`
		WITH RECURSIVE ids (id, n) AS (
			(
				SELECT stream_id, 1
				FROM event_entries
				` + start + next + `
			)
			UNION ALL
			SELECT next.stream_id, ids.n + 1
			FROM ids
			CROSS JOIN LATERAL (
				SELECT stream_id
				FROM event_entries
				` + within + beyond + `ids.id` + next + `
			) AS next
			WHERE ids.n < ` + st.arg(q.Limit) + `::bigint
		)
		SELECT` + fields + `
		FROM ids
		CROSS JOIN LATERAL (` + columns + `
			WHERE stream_type = ` + typ + `
			AND stream_id = ids.id
			ORDER BY stream_type DESC, stream_id DESC, version DESC
			LIMIT 1
		) AS head
		ORDER BY ids.n`)
}

// sample selects the last records at some positions, each by a probe.
const sample = `
		SELECT
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			NULL::json, NULL::json, recorded_at, occurred_at, COALESCE(idempotency_key, '')
		FROM (
			SELECT DISTINCT p
			FROM unnest($1::bigint[]) AS given (p)
		) AS wanted
		CROSS JOIN LATERAL (
			SELECT
				position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
				recorded_at, occurred_at, idempotency_key
			FROM event_entries
			WHERE (position, ordinal) > (wanted.p, 0)
			AND (position, ordinal) <= (wanted.p, 2147483647)
			ORDER BY position DESC, ordinal DESC
			LIMIT 1
		) AS found
		ORDER BY position, ordinal`

// Sample returns the last records at some positions. See [store.Pages].
func (s *Store) Sample(ctx context.Context, positions []int64) ([]store.Record, error) {
	return s.collect(ctx, "read a sample of the log", sample, []any{positions})
}

func (s *Store) collect(ctx context.Context, doing, text string, args []any) (records []store.Record, err error) {
	rows, err := s.pool.Query(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, broken(ctx, err))
	}
	defer rows.Close()

	reader := readerOf(rows)
	for rows.Next() {
		r, err := reader.record()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		records = append(records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, broken(ctx, err))
	}

	return records, nil
}

// Info describes the database, and the pool that the store and its DB share.
func (s *Store) Info(ctx context.Context) (store.Info, error) {
	stat := s.pool.Stat()
	info := store.Info{Kind: "PostgreSQL", Connections: store.Connections{
		Max: int(stat.MaxConns()), Open: int(stat.TotalConns()), InUse: int(stat.AcquiredConns()), Waited: stat.EmptyAcquireCount(),
	}}
	row := s.pool.QueryRow(ctx, `
		SELECT current_setting('server_version'), current_database(), pg_database_size(current_database())`)
	if err := row.Scan(&info.Version, &info.Name, &info.Bytes); err != nil {
		return store.Info{}, fmt.Errorf("describe the database: %w", broken(ctx, err))
	}

	return info, nil
}
