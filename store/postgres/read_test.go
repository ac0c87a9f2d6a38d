package postgres

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/store"
)

// TestRead_ByStreamFollowsIndex asks for the plan of a page in a large table that nobody
// has analyzed, where PostgreSQL takes few records for what they are not and would sort
// all of them for each page.
func TestRead_ByStreamFollowsIndex(t *testing.T) {
	t.Parallel()
	s := unanalyzed(t)
	for _, types := range [][]string{nil, {"debt.issued", "debt.paid"}} {
		got := planOf(t, s, byStream, "debt", "debts-1", 1, 49000, types, 1000)
		if strings.Contains(got, "Sort") || !strings.Contains(got, streamIndex) {
			t.Errorf("types %v: got\n%s", types, got)
		}
	}
}

// TestRead_SeveralFollowsIndex asks for the plan of reading few streams and many, in a large
// table that nobody has analyzed and in one that was, and whatever the bounds.
func TestRead_SeveralFollowsIndex(t *testing.T) {
	t.Parallel()
	s := unanalyzed(t)
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			if _, err := s.pool.Exec(t.Context(), "ANALYZE event_entries"); err != nil {
				t.Fatal(err)
			}
		}
		for _, n := range []int{2, 1000} {
			q := store.Query{UpToPosition: 100, RecordedUntil: time.Now()}
			for i := range n {
				q.Several = append(q.Several, store.At{Stream: store.Stream{Type: "debt", ID: fmt.Sprintf("debts-%d", i)}})
			}
			for _, q.Order = range []store.Order{store.ByOccurrence, store.ByPosition} {
				text, args := selectSeveral(q)
				if got := planOf(t, s, text, args...); !strings.Contains(got, streamIndex) || strings.Contains(got, "Seq Scan") {
					t.Errorf("analyzed %v, %d streams: got\n%s", analyzed, n, got)
				}
			}
		}
	}
}

const streamIndex = "Scan using event_entries_stream_version_key"

// unanalyzed is a log of 50000 records in 5000 streams.
func unanalyzed(t *testing.T) *Store {
	t.Helper()
	s := migrated(t)
	if _, err := s.pool.Exec(t.Context(), `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		SELECT
			n, 1, 'debt', 'debts-' || n % 5000, n, gen_random_uuid(), 'debt.issued', 1,
			'{}', '{}', now(), now()
		FROM generate_series(1, 50000) AS n`); err != nil {
		t.Fatal(err)
	}

	return s
}

func planOf(t *testing.T, s *Store, text string, args ...any) string {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), "EXPLAIN "+text, args...)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}

	return strings.Join(plan, "\n")
}
