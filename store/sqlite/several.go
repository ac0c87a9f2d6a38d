package sqlite

import (
	"encoding/json"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// severalIn selects several streams, each above a version, in the order they are given, and
// severalLog in the order of the log. CROSS JOIN has SQLite go to the index once a stream;
// the plus keeps it from that of entries.
const (
	severalIn = several + `
		ORDER BY given.key, occurred_at, version
		LIMIT ?5`

	severalLog = several + `
		ORDER BY entry
		LIMIT ?5`

	several = `
		SELECT` + fields + `
		FROM json_each(?1) AS given
		CROSS JOIN event_entries
		WHERE stream_type = given.value ->> 0
		AND stream_id = given.value ->> 1
		AND version > given.value ->> 2
		AND +entry <= ?2
		AND (?3 IS NULL OR recorded_at <= ?3)
		AND (?4 IS NULL OR occurred_at <= ?4)`
)

func selectSeveral(q store.Query) (text string, args []any) {
	args = []any{streamList(q.Several), upToEntry(q), until(q.RecordedUntil), until(q.OccurredUntil), limitOf(q)}
	if q.Order == store.ByPosition {
		return severalLog, args
	}

	return severalIn, args
}

// streamList is how streams and their versions are given to a statement.
func streamList(streams []store.At) string {
	list := make([][3]any, len(streams))
	for i, at := range streams {
		list[i] = [3]any{at.Stream.Type, at.Stream.ID, at.Version}
	}
	text, _ := json.Marshal(list) //nolint:errchkjson // strings and numbers never fail

	return string(text)
}

// until is NULL where there is no bound.
func until(t time.Time) any {
	if t.IsZero() {
		return nil
	}

	return micros(t)
}
