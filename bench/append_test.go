package main

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// nowhere is a store that stores nothing: what a benchmark on it measures is the framework alone.
// Streams are empty when read, so appends must stay in the log's cache.
type nowhere struct {
	store.Store // is nil: no benchmark uses the rest of it
	db          *gorm.DB
	positions   atomic.Int64
}

func newNowhere(b *testing.B) *nowhere {
	b.Helper()
	dialector := postgres.New(postgres.Config{})
	db, err := gorm.Open(unopened{dialector}, &gorm.Config{DisableAutomaticPing: true})
	if err != nil {
		b.Fatal(err)
	}
	return &nowhere{db: db}
}

// unopened is a dialector without a database: only its names are asked for.
type unopened struct{ gorm.Dialector }

// Initialize opens nothing.
func (unopened) Initialize(*gorm.DB) error { return nil }

func (s *nowhere) Insert(_ context.Context, batches ...*store.Batch) error {
	for _, b := range batches {
		for i := range b.Records {
			b.Records[i].Position = s.positions.Add(1)
		}
	}
	return nil
}

func (s *nowhere) Writers() int { return 2 }

func (s *nowhere) Read(context.Context, store.Query) iter.Seq2[store.Record, error] {
	return func(func(store.Record, error) bool) {}
}

func (s *nowhere) DB() *gorm.DB { return s.db }

// BenchmarkAppend is the time and the allocations of one append outside the database: validation,
// encoding, meta, consistency fold, rows.
func BenchmarkAppend(b *testing.B) {
	for name, s := range map[string]*ireneo.Stream{"undecided": journal, "consistency": account, "read-model": accountWithRow} {
		b.Run(name, func(b *testing.B) {
			h, carrier := s.For("account-0"), onNowhere(b, s)
			b.ReportAllocs()
			for b.Loop() {
				if err := h.Append(carrier, deposited()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAppend_Parallel appends to one stream a goroutine: what they share shows when -cpu grows.
func BenchmarkAppend_Parallel(b *testing.B) {
	carrier := onNowhere(b, account)
	var streams atomic.Int64
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		h := account.For(fmt.Sprintf("account-%d", streams.Add(1)))
		for pb.Next() {
			if err := h.Append(carrier, deposited()); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkAppendAll divides what an append costs among a hundred events.
func BenchmarkAppendAll(b *testing.B) {
	h, carrier := account.For("account-0"), onNowhere(b, account)
	b.ReportAllocs()
	for b.Loop() {
		if err := deepen(carrier, h, 100); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*100), "ns/event")
}

func onNowhere(b *testing.B, s *ireneo.Stream) context.Context {
	b.Helper()
	carrier, err := withLog(b.Context(), newNowhere(b), config(s))
	if err != nil {
		b.Fatal(err)
	}
	return carrier
}
