package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo/store"
)

// key is a way into the log: an index, and the column it is of.
type key struct{ index, column string }

var (
	byType        = key{"event_entries_type_idx", "type"}
	byCorrelation = key{"event_entries_correlation_idx", "correlation_id"}
	byCausation   = key{"event_entries_causation_idx", "causation_id"}
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

// statement is one that is put together. It names the index it follows, so that nothing
// that is known or not known about the log leads SQLite elsewhere.
type statement struct {
	strings.Builder
	args []any
}

// arg is how the statement calls a value.
func (st *statement) arg(value any) string {
	st.args = append(st.args, value)

	return "?" + strconv.Itoa(len(st.args))
}

// alongKey selects along an index: for each of the values as many entries as are wanted, and
// of all of these the first.
func (st *statement) alongKey(q store.Browse, k key, values []string) {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	st.WriteString(columns + `
		WHERE entry IN (
			SELECT found.entry
			FROM json_each(` + st.arg(listOf(values)) + `) AS wanted
			CROSS JOIN event_entries AS found ON found.entry IN (
				SELECT entry
				FROM event_entries INDEXED BY ` + k.index + `
				WHERE ` + k.column + ` = wanted.value`)
	st.bounds(q)
	st.filter(q, k)
	st.end(q.Oldest, q.Limit, "entry")
	st.WriteString(`
			)
		)`)
	st.end(q.Oldest, q.Limit, "entry")
}

// alongStream selects some versions of one stream.
func (st *statement) alongStream(q store.Browse, from, until int64) {
	st.WriteString(columns + ` INDEXED BY ` + streamIndex + `
		WHERE stream_type = ` + st.arg(q.Stream.Type) + `
		AND stream_id = ` + st.arg(q.Stream.ID) + `
		AND version >= ` + st.arg(from) + `
		AND version < ` + st.arg(until))
	q.Stream = store.Stream{}
	st.filter(q, key{})
	st.end(q.Oldest, q.Limit, "version")
}

// streamIndex is that of the constraint event_entries_stream_version_key, by the name that
// SQLite gives it.
const streamIndex = "sqlite_autoindex_event_entries_1"

// alongLog selects part of the log as it lies.
func (st *statement) alongLog(q store.Browse) {
	st.WriteString(columns + ` NOT INDEXED
		WHERE true`)
	st.bounds(q)
	st.filter(q, key{})
	st.end(q.Oldest, q.Limit, "entry")
}

func (st *statement) bounds(q store.Browse) {
	if q.After != (store.Point{}) {
		st.WriteString(`
		AND entry > ` + st.arg(entryOf(q.After)))
	}
	if q.Before != (store.Point{}) {
		st.WriteString(`
		AND entry < ` + st.arg(entryOf(q.Before)))
	}
}

// entryOf is the entry of a record at a point. Of points that no record can have it is the
// nearest.
func entryOf(p store.Point) int64 {
	if p.Position > math.MaxInt64>>ordinalBits {
		return math.MaxInt64
	}

	return max(p.Position, 0)<<ordinalBits + min(max(int64(p.Ordinal), 0), 1<<ordinalBits-1)
}

// filter adds what is looked up record by record: all but what is followed.
func (st *statement) filter(q store.Browse, followed key) {
	where := func(wanted bool, condition string, value any) {
		if wanted {
			st.WriteString(`
		AND ` + condition + ` ` + st.arg(value))
		}
	}
	end := store.PrefixEnd(q.Stream.ID)
	ofID := q.Stream.Type != "" && q.Stream.ID != ""
	where(q.Causation != "" && followed != byCausation, "causation_id =", q.Causation)
	where(q.Stream.Type != "", "stream_type =", q.Stream.Type)
	where(ofID && !q.Prefix, "stream_id =", q.Stream.ID)
	where(ofID && q.Prefix, "stream_id >=", q.Stream.ID)
	where(ofID && q.Prefix && end != "", "stream_id <", end)
	if q.Types != nil && followed != byType {
		st.WriteString(`
		AND type IN (SELECT value FROM json_each(` + st.arg(listOf(q.Types)) + `))`)
	}
	where(!q.RecordedFrom.IsZero(), "recorded_at >=", micros(q.RecordedFrom))
	where(!q.RecordedUntil.IsZero(), "recorded_at <=", micros(q.RecordedUntil))
}

// end orders and limits.
func (st *statement) end(ascending bool, limit int, by string) {
	if !ascending {
		by += " DESC"
	}
	st.WriteString(`
		ORDER BY ` + by + `
		LIMIT ` + st.arg(limit))
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
	first, next := st.jumps(q)
	jump := func(bounds string) string {
		return `
				SELECT ` + map[bool]string{false: "MIN", true: "MAX"}[q.Backwards] + `(stream_id) AS id
				FROM event_entries INDEXED BY ` + streamIndex + `
				WHERE stream_type = ` + typ + bounds
	}

	st.WriteString(`
		WITH RECURSIVE ids (id, n) AS (
			SELECT id, 1
			FROM (` + jump(first) + `
			)
			UNION ALL
			SELECT (` + jump(next) + `
			), n + 1
			FROM ids
			WHERE id IS NOT NULL
			LIMIT ` + st.arg(q.Limit) + `
		)` + columns + `
		JOIN ids ON entry = (
			SELECT entry
			FROM event_entries INDEXED BY ` + streamIndex + `
			WHERE stream_type = ` + typ + `
			AND stream_id = ids.id
			ORDER BY version DESC
			LIMIT 1
		)
		ORDER BY n`)
}

// jumps are the bounds of the first id and of that after ids.id. SQLite follows an index
// from one lower bound to one upper bound, and tests others record by record, so there is
// never more than one of each.
func (st *statement) jumps(q store.Heads) (first, next string) {
	and := func(bound, value string) string {
		return `
				AND stream_id ` + bound + ` ` + value
	}
	end := store.PrefixEnd(q.Prefix)
	if q.Backwards {
		from := and(">=", st.arg(q.Prefix))
		if q.After != "" && (end == "" || q.After < end) {
			end = q.After
		}
		if first = from; end != "" {
			first += and("<", st.arg(end))
		}
		return first, from + and("<", "ids.id")
	}

	upTo := ""
	if end != "" {
		upTo = and("<", st.arg(end))
	}
	if q.After != "" && q.After >= q.Prefix {
		return and(">", st.arg(q.After)) + upTo, and(">", "ids.id") + upTo
	}

	return and(">=", st.arg(q.Prefix)) + upTo, and(">", "ids.id") + upTo
}

// sample selects the last records at some positions, each by a probe.
const sample = `
		SELECT
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			NULL, NULL, recorded_at, occurred_at, COALESCE(idempotency_key, '')
		FROM (
			SELECT value
			FROM json_each(?1)
		) AS wanted
		CROSS JOIN event_entries ON entry = (
			SELECT MAX(entry)
			FROM event_entries
			WHERE entry > wanted.value << ?2
			AND entry < (wanted.value + 1) << ?2
		)
		ORDER BY entry`

// Sample returns the last records at some positions. See [store.Pages].
func (s *Store) Sample(ctx context.Context, positions []int64) ([]store.Record, error) {
	positions = slices.Compact(slices.Sorted(slices.Values(positions)))
	positions = slices.DeleteFunc(positions, func(p int64) bool { return p < 1 || p >= math.MaxInt64>>ordinalBits })
	list, err := json.Marshal(positions)
	if err != nil {
		return nil, fmt.Errorf("read a sample of the log: %w", err)
	}

	return s.collect(ctx, "read a sample of the log", sample, []any{string(list), ordinalBits})
}

func (s *Store) collect(ctx context.Context, doing, text string, args []any) (records []store.Record, err error) {
	rows, err := s.readers.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, translate(err))
	}
	defer rows.Close()

	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		records = append(records, r)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", doing, translate(err))
	}

	return records, nil
}

// Info describes the database, and the connections that the store and its DB share: one
// writes, the others read.
func (s *Store) Info(ctx context.Context) (store.Info, error) {
	info := store.Info{Kind: "SQLite", Name: Name(s.path), Connections: connections(s.writer.Stats(), s.readers.Stats())}
	row := s.readers.QueryRowContext(ctx, `
		SELECT sqlite_version(), page_count * page_size
		FROM pragma_page_count(), pragma_page_size()`)
	if err := row.Scan(&info.Version, &info.Bytes); err != nil {
		return store.Info{}, fmt.Errorf("describe the database: %w", translate(err))
	}

	return info, nil
}

func connections(pools ...sql.DBStats) (all store.Connections) {
	for _, p := range pools {
		all.Max += p.MaxOpenConnections
		all.Open += p.OpenConnections
		all.InUse += p.InUse
		all.Waited += p.WaitCount
	}

	return all
}
