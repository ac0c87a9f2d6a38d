package postgres

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

var benchEvents atomic.Int64

func benchRecord(version int64) store.Record {
	now := time.Now()

	return store.Record{
		Stream: store.Stream{Type: "debt", ID: fmt.Sprintf("debts-%d", benchEvents.Add(1))}, Version: version,
		EventID: uuid.Must(uuid.NewV7()), Type: "debt.issued", SchemaVersion: 1,
		Data: []byte(`{"amount":100000,"interest_rate":"0.05","at":"2026-03-04T12:00:00Z"}`), Meta: []byte(`{"user":"u-1"}`),
		RecordedAt: now, OccurredAt: now,
	}
}

// correlatedRecord is one that knows what it is part of, as those of a request do.
func correlatedRecord(version int64) store.Record {
	r := benchRecord(version)
	r.Correlation = uuid.Must(uuid.NewV7()).String()
	r.Meta = []byte(`{"correlation_id":"` + r.Correlation + `","user":"u-1"}`)

	return r
}

func migrated(b testing.TB) *Store { return migratedAt(b, pgtest.URL(b)) }

func migratedAt(b testing.TB, url string) *Store {
	s := open(b, url)
	providers, err := s.Migrations(nil)
	if err != nil {
		b.Fatal(err)
	}
	if err := store.Up(b.Context(), providers...); err != nil {
		b.Fatal(err)
	}

	return s
}

// BenchmarkInsert compares the store with the limit: one plain prepared INSERT of
// the same record by pgx alone.
func BenchmarkInsert(b *testing.B) {
	s := migrated(b)
	b.Run("limit", func(b *testing.B) {
		for b.Loop() {
			r := benchRecord(1)
			var position int64
			err := s.pool.QueryRow(b.Context(), `
				INSERT INTO event_entries (
					position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
					data, meta, recorded_at, occurred_at, idempotency_key)
				VALUES (nextval('event_entries_position_seq'), 1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
				RETURNING position`,
				r.Stream.Type, r.Stream.ID, r.Version, pgtype.UUID{Bytes: r.EventID, Valid: true}, r.Type, r.SchemaVersion,
				r.Data, r.Meta, r.RecordedAt, r.OccurredAt, nil).Scan(&position)
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, kind := range []struct {
		name   string
		record func(version int64) store.Record
	}{{"", benchRecord}, {"-correlated", correlatedRecord}} {
		b.Run("proved"+kind.name, func(b *testing.B) { insertMany(b, s, 1, func() store.Record { return kind.record(1) }) })
		b.Run("next"+kind.name, func(b *testing.B) { insertMany(b, s, 1, func() store.Record { return kind.record(0) }) })
		b.Run("proved-64"+kind.name, func(b *testing.B) { insertMany(b, s, 64, func() store.Record { return kind.record(1) }) })
	}
}

// insertMany inserts so many records together, each a batch of its own, again and again.
func insertMany(b *testing.B, s *Store, together int, record func() store.Record) {
	for b.Loop() {
		var batches []*store.Batch
		for range together {
			batches = append(batches, &store.Batch{Records: []store.Record{record()}})
		}
		if err := s.Insert(b.Context(), batches...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRows writes batches of a thousand rows and no record, and appends with one row
// of the same table each.
func BenchmarkRows(b *testing.B) {
	s := migrated(b)
	debts(b, s)

	b.Run("Insert-1000", func(b *testing.B) {
		for b.Loop() {
			if err := s.Insert(b.Context(), &store.Batch{Rows: benchRows(1000)}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("InsertTx-1000", func(b *testing.B) {
		for b.Loop() {
			err := s.db.Transaction(func(tx *gorm.DB) error {
				return s.InsertTx(b.Context(), tx, &store.Batch{Rows: benchRows(1000)})
			})
			if err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(1000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	for _, n := range []int{1, 32} {
		b.Run(fmt.Sprintf("appends-%d", n), func(b *testing.B) {
			for b.Loop() {
				var batches []*store.Batch
				for range n {
					batches = append(batches, &store.Batch{Records: []store.Record{benchRecord(1)}, Rows: benchRows(1)})
				}
				if err := s.Insert(b.Context(), batches...); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkFill fills shadows with ten thousand rows.
func BenchmarkFill(b *testing.B) {
	s := migrated(b)
	debts(b, s)
	var rows [][]any
	var columns []string
	for _, row := range benchRows(10000) {
		rows, columns = append(rows, row.Values), row.Columns
	}

	for b.Loop() {
		made, err := s.Shadow(b.Context(), "debts")
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Fill(b.Context(), made, columns, rows, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(10000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// debts makes a read model.
func debts(b *testing.B, s *Store) {
	b.Helper()
	if err := s.db.Exec(`
		CREATE TABLE debts (
			id text PRIMARY KEY,
			debtor text NOT NULL,
			amount bigint NOT NULL,
			version bigint NOT NULL,
			issued_at timestamptz NOT NULL
		)`).Error; err != nil {
		b.Fatal(err)
	}
}

var benchKeys atomic.Int64

// benchRows are rows of which half are new and half are there already, but for the first.
func benchRows(n int) []store.Row {
	var rows []store.Row
	first := benchKeys.Add(max(1, int64(n)/2))
	for i := range n {
		rows = append(rows, store.Row{
			Table: "debts", Key: "id",
			Columns: []string{"id", "debtor", "amount", "version", "issued_at"},
			Values:  []any{fmt.Sprintf("debts-%d", first+int64(i)), "user-17", int64(i), int64(1), time.Now()},
		})
	}

	return rows
}

// BenchmarkRead reads a stream of a thousand records, and the streams of a type in pages of
// ten thousand.
func BenchmarkRead(b *testing.B) {
	const records = 100_000
	s := migrated(b)
	r := benchRecord(1)
	if _, err := s.pool.Exec(b.Context(), `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		SELECT
			n + 1, 1, 'debt', 'debts-' || n / 1000, n % 1000 + 1, gen_random_uuid(), r.type, 1,
			r.data, r.meta, now(), now()
		FROM generate_series(0, $1 - 1) AS n
		CROSS JOIN (SELECT $2::text, $3::json, $4::json) AS r (type, data, meta)`,
		records, r.Type, r.Data, r.Meta); err != nil {
		b.Fatal(err)
	}

	for name, q := range map[string]store.Query{
		"stream-1000": {Stream: store.Stream{Type: "debt", ID: "debts-7"}},
		"page-10000":  {Stream: store.Stream{Type: "debt"}, Order: store.ByStream, Limit: 10_000},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			read := 0
			for b.Loop() {
				for _, err := range s.Read(b.Context(), q) {
					if err != nil {
						b.Fatal(err)
					}
					read++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(read), "ns/record")
			b.ReportMetric(float64(read)/float64(b.N), "records")
		})
	}
}
