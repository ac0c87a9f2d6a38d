package postgres

import (
	"errors"
	"slices"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
)

// TestInsert_InOrderOfStreams has a transaction hold the first version of stream b while a
// batch is after those of b and a. It has that of a by then, so that whoever comes for a
// later waits for it, whatever the order in the batch.
func TestInsert_InOrderOfStreams(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	for _, order := range [][]string{{"1a", "1b"}, {"2b", "2a"}} {
		a, b := slices.Min(order), slices.Max(order)
		holder := s.DB().WithContext(t.Context()).Begin()
		if err := s.InsertTx(t.Context(), holder, firstOf(b)); err != nil {
			t.Fatal(err)
		}

		var done [2]chan error
		for i, batch := range []*store.Batch{firstOf(order...), firstOf(a)} {
			done[i] = make(chan error, 1)
			go func() { done[i] <- s.Insert(t.Context(), batch) }()
			for stuck(t, s) <= int64(i) && len(done[i]) == 0 {
				continue
			}
		}
		if err := holder.Rollback().Error; err != nil {
			t.Fatal(err)
		}

		if err := <-done[0]; err != nil {
			t.Errorf("the batch %v: got %v", order, err)
		}
		if err := <-done[1]; !errors.Is(err, store.ErrVersionTaken) {
			t.Errorf("the one after %v: got %v", order, err)
		}
	}
}

// firstOf is a batch of the first records of streams.
func firstOf(ids ...string) *store.Batch {
	batch := &store.Batch{}
	for _, id := range ids {
		rec := benchRecord(1)
		rec.Stream.ID = id
		batch.Records = append(batch.Records, rec)
	}

	return batch
}

// stuck is how many wait for something while they are at work on this log.
func stuck(t *testing.T, s *Store) int64 {
	t.Helper()
	n, err := ask(t.Context(), s, `
		SELECT COUNT(DISTINCT pid)
		FROM pg_locks
		WHERE NOT granted
		AND pid IN (SELECT pid FROM pg_locks`+held+`)`)
	if err != nil {
		t.Fatal(err)
	}

	return n
}
