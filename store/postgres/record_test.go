package postgres

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/store"
)

// TestRead_IsTheSameInAnyForm reads through connections that get the values of columns in the
// text form, as behind some poolers, and inside of a transaction.
func TestRead_IsTheSameInAnyForm(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	want := unlike()
	if err := s.Insert(t.Context(), &store.Batch{Records: want}); err != nil {
		t.Fatal(err)
	}

	q := store.Query{Stream: store.Stream{Type: "debt"}, Order: store.ByStream}
	for _, mode := range []string{"cache_statement", "cache_describe", "describe_exec", "exec", "simple_protocol"} {
		other := open(t, withParam(s, "default_query_exec_mode="+mode))
		if diff := cmp.Diff(want, recordsOf(t, other, q)); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", mode, diff)
		}
	}
	tx := s.db.Begin()
	defer tx.Rollback()
	q.Tx = tx
	if diff := cmp.Diff(want, recordsOf(t, s, q)); diff != "" {
		t.Errorf("in a transaction: (-want +got)\n%s", diff)
	}
}

// unlike are records of two streams of different times, types and keys, one stream after the
// other.
func unlike() (records []store.Record) {
	times := []time.Time{
		time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC),
		time.Date(1969, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(1999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
		time.Date(2026, 3, 4, 12, 30, 0, 123_456_000, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC),
	}
	for i, at := range times {
		records = append(records, store.Record{
			Stream: store.Stream{Type: "debt", ID: []string{"à", "é"}[i/3]}, Version: int64(i%3 + 1), EventID: uuid.Must(uuid.NewV7()),
			Type: []string{"debt.issued", "debt.paid"}[i%2], SchemaVersion: 1 + i, Data: []byte(`{"n": [1, "é"]}`), Meta: []byte("{}"),
			RecordedAt: at, OccurredAt: times[len(times)-1-i], IdempotencyKey: []string{"", "a key " + at.String()}[i%2],
		})
	}

	return records
}

func recordsOf(t *testing.T, s *Store, q store.Query) (records []store.Record) {
	t.Helper()
	for r, err := range s.Read(t.Context(), q) {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}

	return records
}

// TestRead_OfATimeWithoutEnd says the same of what cannot be read, whatever its form.
func TestRead_OfATimeWithoutEnd(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	if _, err := s.pool.Exec(t.Context(), `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		VALUES (1, 1, 'debt', 'debts-1', 1, gen_random_uuid(), 'debt.issued', 1, '{}', '{}', now(), 'infinity')`); err != nil {
		t.Fatal(err)
	}

	for _, mode := range []string{"cache_statement", "simple_protocol"} {
		var got error
		for _, err := range open(t, withParam(s, "default_query_exec_mode="+mode)).Read(t.Context(), store.Query{Order: store.NewestFirst}) {
			got = err
		}
		if got == nil || !strings.HasPrefix(got.Error(), "read a record: can't scan into dest[11] (col: occurred_at): cannot scan Infinity") {
			t.Errorf("%s: got %v", mode, got)
		}
	}
}
