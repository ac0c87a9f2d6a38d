package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestRead_ByStreamFollowsIndex asks for the plan of a page in a large table that nobody
// has analyzed, where PostgreSQL takes few records for what they are not and would sort
// all of them for each page.
func TestRead_ByStreamFollowsIndex(t *testing.T) {
	t.Parallel()
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

	for _, types := range [][]string{nil, {"debt.issued", "debt.paid"}} {
		rows, err := s.pool.Query(t.Context(), "EXPLAIN "+byStream, "debt", "debts-1", 1, 49000, types, 1000)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(plan, "\n")
		if strings.Contains(got, "Sort") || !strings.Contains(got, "Index Scan using event_entries_stream_version_key") {
			t.Errorf("types %v: got\n%s", types, got)
		}
	}
}
