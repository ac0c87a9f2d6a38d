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
