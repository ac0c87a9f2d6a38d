package sqlite

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// BenchmarkRows writes batches of a thousand rows and no record.
func BenchmarkRows(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "log.db"))
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
}

// BenchmarkFill fills shadows with ten thousand rows.
func BenchmarkFill(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "log.db"))
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
			id TEXT PRIMARY KEY,
			debtor TEXT NOT NULL,
			amount INTEGER NOT NULL,
			version INTEGER NOT NULL,
			issued_at TIMESTAMP NOT NULL
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
	const records = 20_000
	s := migrated(b, filepath.Join(b.TempDir(), "log.db"))
	if err := s.db.Exec(`
		WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ? - 1)
		INSERT INTO event_entries (
			entry, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at)
		SELECT
			((i + 1) << ?) + 1, 'debt', 'debts-' || (i / 1000), i % 1000 + 1, randomblob(16), 'debt.issued', 1,
			'{"amount":100000,"interest_rate":"0.05","at":"2026-03-04T12:00:00Z"}', '{"user":"u-1"}', 1, 1
		FROM n`, records, ordinalBits).Error; err != nil {
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
