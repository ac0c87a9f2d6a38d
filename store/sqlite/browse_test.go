package sqlite

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/storetest"
)

const (
	ofType   = "SEARCH event_entries USING COVERING INDEX event_entries_type_idx "
	ofStream = "SEARCH event_entries USING INDEX " + streamIndex + " "
	ofIDs    = "SEARCH event_entries USING COVERING INDEX " + streamIndex + " "
)

// TestBrowse_FollowsIndexes asks for the plan of each question, and for both bounds in what
// it asks of the index. Nothing may read a table from one end to the other but the log
// without bounds, which ends at its limit.
func TestBrowse_FollowsIndexes(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	bounded := store.Browse{After: store.Point{Position: 1, Ordinal: 1}, Before: store.Point{Position: 9}, Limit: 20}
	for _, oldest := range []bool{false, true} {
		bounded.Oldest = oldest
		wantPlan(t, s, "SEARCH event_entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
			func(st *statement) { st.alongLog(bounded) })
		for _, k := range []key{byType, byCorrelation, byCausation} {
			wantPlan(t, s, "SEARCH event_entries USING COVERING INDEX "+k.index+" ("+k.column+"=? AND rowid>? AND rowid<?)",
				func(st *statement) { st.alongKey(bounded, k, []string{"a", "b"}) })
		}
		wantPlan(t, s, ofStream+"(stream_type=? AND stream_id=? AND version>? AND version<?)",
			func(st *statement) { st.alongStream(bounded, 5, 9) })
	}
	wantPlan(t, s, "SEARCH event_entries USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
		func(st *statement) { st.WriteString(sample); st.args = []any{"[1]", ordinalBits} })

	for _, order := range []store.Order{store.ByOccurrence, store.ByPosition} {
		wantPlan(t, s, "SEARCH event_entries USING INDEX "+streamIndex+" (stream_type=? AND stream_id=? AND version>?)", func(st *statement) {
			text, args := selectSeveral(store.Query{Order: order, Several: []store.At{{}}})
			st.WriteString(text)
			st.args = args
		})
	}
	for i, text := range storetest.Asked(t, s, "a") {
		want := []string{ofType, ofIDs + "(stream_type>?)", ofType + "(type>? AND type<?)"}[i]
		wantPlan(t, s, want, func(st *statement) { st.WriteString(text) })
	}
}

var parameter = regexp.MustCompile(`\?\d+`)

// TestHeads_JumpsFromStreamToStream asks which bounds a jump has. Were they those of the
// prefix, each jump would begin at the first stream.
func TestHeads_JumpsFromStreamToStream(t *testing.T) {
	t.Parallel()
	s := migrated(t, filepath.Join(t.TempDir(), "log.db"))
	for _, c := range []struct {
		heads store.Heads
		want  string
	}{
		{store.Heads{}, "stream_id > ids.id\n"},
		{store.Heads{Prefix: "b"}, "stream_id > ids.id AND stream_id < ?\n"},
		{store.Heads{Prefix: "b", After: "bb"}, "stream_id > ? AND stream_id < ?\nstream_id > ids.id AND stream_id < ?\n"},
		{store.Heads{Prefix: "b", After: "a"}, "stream_id >= ? AND stream_id < ?\n"},
		{store.Heads{Backwards: true}, "stream_id >= ? AND stream_id < ids.id\n"},
		{store.Heads{Prefix: "b", After: "bb", Backwards: true}, "stream_id >= ? AND stream_id < ?\nstream_id >= ? AND stream_id < ids.id\n"},
	} {
		c.heads.Limit = 20
		var st statement
		first, next := st.jumps(c.heads)
		got := ""
		for _, bounds := range []string{first, next} {
			bounds = strings.TrimPrefix(strings.Join(strings.Fields(bounds), " "), "AND ")
			got += parameter.ReplaceAllString(bounds, "?") + "\n"
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%+v: got\n%swant\n%s", c.heads, got, c.want)
		}
		wantPlan(t, s, ofIDs+"(stream_type=? AND stream_id=?)", func(st *statement) { st.heads(c.heads) })
	}
}

// wantPlan compares one line of the plan of a statement.
func wantPlan(t *testing.T, s *Store, want string, build func(st *statement)) {
	t.Helper()
	var st statement
	build(&st)
	rows, err := s.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+st.String(), st.args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()

	var plan strings.Builder
	for rows.Next() {
		var id, parent, unused int
		var line string
		if err := rows.Scan(&id, &parent, &unused, &line); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&plan, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	got := plan.String()
	if !strings.Contains(got, want) || strings.Contains(got, "SCAN event_entries") || strings.Contains(got, "SCAN found") {
		t.Errorf("got\n%swant %s", got, want)
	}
}
