package postgres

import (
	"errors"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
)

// TestInsert_InOrderOfStreams has a transaction hold the first version of stream b while a
// batch is after those of b and a. It has that of a by then, so that whoever comes for a
// later waits for it, whatever the order in the batch.
func TestInsert_InOrderOfStreams(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	first := func(id string) store.Record {
		rec := benchRecord(1)
		rec.Stream.ID = id

		return rec
	}
	holder := s.DB().WithContext(t.Context()).Begin()
	if err := s.InsertTx(t.Context(), holder, &store.Batch{Records: []store.Record{first("b")}}); err != nil {
		t.Fatal(err)
	}

	var done [2]chan error
	for i, records := range [][]store.Record{{first("b"), first("a")}, {first("a")}} {
		done[i] = make(chan error, 1)
		go func() { done[i] <- s.Insert(t.Context(), &store.Batch{Records: records})[0] }()
		for stuck(t, s) <= int64(i) && len(done[i]) == 0 {
			continue
		}
	}
	if err := holder.Rollback().Error; err != nil {
		t.Fatal(err)
	}

	if err := <-done[0]; err != nil {
		t.Errorf("the batch: got %v", err)
	}
	if err := <-done[1]; !errors.Is(err, store.ErrVersionTaken) {
		t.Errorf("the one after it: got %v", err)
	}
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
