package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// rounds is how often concurrent batches are let loose on each other.
const rounds = 100

// guarded is a batch of records that was decided on streams it does not append to.
func guarded(streams []store.At, records ...store.Record) *store.Batch {
	return &store.Batch{Records: records, Guard: &store.Guard{Streams: streams}}
}

func at(stream store.Stream, version int64) store.At {
	return store.At{Stream: stream, Version: version}
}

// together inserts each batch in a goroutine of its own, and returns their errors.
func together(t *testing.T, s store.Store, batches ...*store.Batch) []error {
	t.Helper()
	errs := make([]error, len(batches))
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i, b := range batches {
		wg.Go(func() {
			<-start
			errs[i] = s.Insert(t.Context(), b)
		})
	}
	close(start)
	wg.Wait()

	return errs
}

func wantMoved(t *testing.T, err error, stream store.Stream, expected, actual int64) {
	t.Helper()
	moved, ok := errors.AsType[*store.MovedError](err)
	if !ok {
		t.Fatalf("got %v, want a MovedError", err)
	}
	equal(t, *moved, store.MovedError{Stream: stream, Expected: expected, Actual: actual})
}

func guardMoved(t *testing.T, s store.Store) {
	balances(t, s)
	a, b, nasty := account("a"), account("b"), account("'\"\\/é🙂\n")
	insert(t, s, batchOf(event(a, 1), event(a, 2), event(nasty, 1)))

	for _, c := range []struct {
		streams          []store.At
		moved            store.Stream
		expected, actual int64
	}{
		{[]store.At{at(a, 1)}, a, 1, 2},
		{[]store.At{at(a, 3)}, a, 3, 2},
		{[]store.At{at(a, 2), at(account("c"), 1)}, account("c"), 1, 0},
		{[]store.At{at(nasty, 0), at(a, 0)}, nasty, 0, 1},
		{[]store.At{at(a, 0), at(nasty, 0)}, a, 0, 2},
	} {
		batch := guarded(c.streams, event(b, 1))
		batch.Rows = []store.Row{balance("b", 1)}
		batch.Execution = execution("moved", 1)
		wantMoved(t, insertOne(t, s, batch), c.moved, c.expected, c.actual)
	}
	wantVersions(t, s, b)
	equal(t, readBalances(t, s), []Balance{})
	wantExecutions(t, s)

	insert(t, s, guarded([]store.At{at(a, 2), at(nasty, 1), at(account("c"), 0)}, event(b, 1)))
	insert(t, s, guarded(nil, event(b, 2)))
	wantVersions(t, s, b, 1, 2)
}

// guardMovedWriting is the same where the batch has a row that calls back.
func guardMovedWriting(t *testing.T, s store.Store) {
	balances(t, s)
	a, b := account("a"), account("b")
	insert(t, s, batchOf(event(a, 1)))
	try := func(version int64) error {
		batch := guarded([]store.At{at(a, version)}, event(b, 1))
		batch.Execution = execution("called", 1)
		batch.Rows = []store.Row{{Table: "balances", Write: func(ctx context.Context, tx *gorm.DB) error {
			return tx.WithContext(ctx).Create(&Balance{ID: "b"}).Error
		}}}

		return insertOne(t, s, batch)
	}

	wantMoved(t, try(0), a, 0, 1)
	wantVersions(t, s, b)
	wantExecutions(t, s)
	if err := try(1); err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "b"}})
	wantExecutions(t, s, "called")
}

// guardNoWriteSkew lets batches loose of which each was decided on what another writes, in
// circles of two and three: never are all committed.
func guardNoWriteSkew(t *testing.T, s store.Store) {
	skew(t, s, func(t *testing.T, streams []store.Stream) int64 {
		for _, stream := range streams {
			insert(t, s, batchOf(event(stream, 1)))
		}

		return 1
	})
}

// guardEmptyStream is the same with streams that are yet to get their first records.
func guardEmptyStream(t *testing.T, s store.Store) {
	skew(t, s, func(*testing.T, []store.Stream) int64 { return 0 })
}

func skew(t *testing.T, s store.Store, begin func(t *testing.T, streams []store.Stream) (version int64)) {
	t.Helper()
	for round := range rounds {
		var streams []store.Stream
		for i := range 2 + round%2 {
			streams = append(streams, account(fmt.Sprintf("%d-%d", round, i)))
		}
		version := begin(t, streams)

		var batches []*store.Batch
		for i, stream := range streams {
			read := streams[(i+1)%len(streams)]
			batches = append(batches, guarded([]store.At{at(read, version)}, event(stream, version+1)))
		}
		committed := 0
		for _, err := range together(t, s, batches...) {
			if err == nil {
				committed++
			} else if _, ok := errors.AsType[*store.MovedError](err); !ok {
				t.Error(err)
			}
		}
		if committed == 0 || committed == len(streams) {
			t.Fatalf("round %d: %d of %d are committed", round, committed, len(streams))
		}
	}
}

// guardAndPlain has one batch go on from what another was decided on: the other fails, or
// comes before it, but is never decided on what it did not see.
func guardAndPlain(t *testing.T, s store.Store) {
	for round := range rounds {
		a, b := account(fmt.Sprintf("a%d", round)), account(fmt.Sprintf("b%d", round))
		insert(t, s, batchOf(event(a, 1)))
		errs := together(t, s, guarded([]store.At{at(a, 1)}, event(b, 1)), guarded([]store.At{at(b, 0)}, event(a, 2)), batchOf(event(a, 2)))

		if errs[0] == nil && errs[1] == nil || errs[1] == nil && errs[2] == nil {
			t.Fatalf("round %d: got %v", round, errs)
		}
	}
}

// severalStreams has everybody want the same versions of the same streams, in one order and
// in the other: one gets them all, and nobody waits for a deadlock to be found.
func severalStreams(t *testing.T, s store.Store) {
	const callers, streams = 8, 20
	for v := range int64(rounds / 4) {
		var batches []*store.Batch
		for i := range callers {
			batch := &store.Batch{}
			for n := range streams {
				batch.Records = append(batch.Records, event(account(fmt.Sprint(n)), v+1))
			}
			if i%2 == 1 {
				slices.Reverse(batch.Records)
			}
			batches = append(batches, batch)
		}

		won := 0
		for i, err := range together(t, s, batches...) {
			switch {
			case err == nil:
				won++
				wantOrdinals(t, batches[i])
			case !errors.Is(err, store.ErrVersionTaken):
				t.Fatalf("version %d: %v", v+1, err)
			}
		}
		equal(t, won, 1)
	}
	for n := range streams {
		equal(t, len(readStream(t, s, account(fmt.Sprint(n)))), rounds/4)
	}
}

func wantOrdinals(t *testing.T, batch *store.Batch) {
	t.Helper()
	for i, r := range batch.Records {
		if r.Ordinal != i+1 || r.Position == 0 || r.Position != batch.Records[0].Position {
			t.Fatalf("record %d is at %d.%d", i, r.Position, r.Ordinal)
		}
	}
}

func guardUnproved(t *testing.T, s store.Store) {
	if err := insertOne(t, s, guarded([]store.At{at(account("a"), 0)}, event(account("b"), 0))); err == nil {
		t.Fatal("got no error for a record without a version")
	}
	wantVersions(t, s, account("b"))
}

// guardInTx has guards and executions refused in a transaction of the host.
func guardInTx(t *testing.T, s store.Store) {
	a := account("a")
	err := s.DB().Transaction(func(tx *gorm.DB) error {
		for _, batch := range []*store.Batch{
			guarded([]store.At{at(account("b"), 0)}, event(a, 1)),
			{Records: []store.Record{event(a, 1)}, Execution: execution("in", 1)},
		} {
			if err := s.InsertTx(t.Context(), tx, batch); err == nil {
				t.Error("got no error")
			}
		}

		return s.InsertTx(t.Context(), tx, batchOf(event(a, 1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	wantVersions(t, s, a, 1)
	wantExecutions(t, s)
}
