package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

// settledIDs are the events that may be delivered now.
func settledIDs(t *testing.T, s *Store) (ids []uuid.UUID) {
	t.Helper()
	for r, err := range s.Read(t.Context(), store.Query{Order: store.ByPosition}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, r.EventID)
	}

	return ids
}

func TestS01_AnOpenTransactionHoldsBackWhatCameAfterIt(t *testing.T) {
	s := ownDatabase(t)
	for name, end := range map[string]struct {
		commit bool
		want   int // events of the two that are delivered in the end
	}{"commit": {true, 2}, "rollback": {false, 1}} {
		before := len(settledIDs(t, s))
		tx := s.DB().WithContext(t.Context()).Begin()
		held, later := oneRecord(), oneRecord()
		if err := s.InsertTx(t.Context(), tx, held); err != nil {
			t.Fatal(err)
		}
		if err := s.Insert(t.Context(), later)[0]; err != nil {
			t.Fatal(err)
		}
		if got := settledIDs(t, s); len(got) != before {
			t.Errorf("%s: %d events were delivered while one before them was open", name, len(got)-before)
		}

		finish := tx.Rollback
		if end.commit {
			finish = tx.Commit
		}
		if err := finish().Error; err != nil {
			t.Fatal(err)
		}
		got := settledIDs(t, s)
		if len(got) != before+end.want || got[len(got)-1] != later.Records[0].EventID {
			t.Errorf("%s: got %d events, want %d", name, len(got)-before, end.want)
		}
	}
}

func TestS18_ATransactionInAnotherDatabaseHoldsNothingBack(t *testing.T) {
	s, other := ownDatabase(t), ownDatabase(t)
	tx := other.DB().WithContext(t.Context()).Begin()
	defer tx.Rollback()
	if err := other.InsertTx(t.Context(), tx, oneRecord()); err != nil {
		t.Fatal(err)
	}
	if err := s.Insert(t.Context(), oneRecord())[0]; err != nil {
		t.Fatal(err)
	}
	if got := settledIDs(t, s); len(got) != 1 {
		t.Errorf("got %d events, want 1", len(got))
	}
}

// A reader asks for a mark and reads up to it. Its steps are as far apart as may be.
type reader func(ctx context.Context, s *Store, pause func()) (mark int64, err error)

// readers are the one there is, and mutants that lose events.
var readers = map[string]struct {
	mark  reader
	loses bool
}{
	"low-water mark": {func(ctx context.Context, s *Store, pause func()) (int64, error) {
		last, err := ask(ctx, s, lastDrawn)
		if err != nil {
			return 0, err
		}
		pause()
		below, err := ask(ctx, s, lowWater, last)

		return last - max(below, 0), err
	}, false},
	"no mark": {func(ctx context.Context, s *Store, pause func()) (int64, error) {
		pause()

		return ask(ctx, s, lastDrawn)
	}, true},
	"swapped": {func(ctx context.Context, s *Store, pause func()) (int64, error) {
		held, err := ask(ctx, s, "SELECT MIN(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "+
			"AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
		if err != nil {
			return 0, err
		}
		pause()
		last, err := ask(ctx, s, lastDrawn)
		if held > 0 {
			last = min(last, held)
		}

		return last, err
	}, true},
}

// ask is one statement with one number, which is -1 where it is null.
func ask(ctx context.Context, s *Store, sql string, args ...any) (int64, error) {
	var n *int64
	if err := s.pool.QueryRow(ctx, sql, args...).Scan(&n); err != nil || n == nil {
		return -1, err
	}

	return *n, nil
}

// Between the reader's steps somebody draws a position and keeps its transaction open,
// and somebody else draws the next one and commits. The mutants pass the first by.
func TestS01_TheStepsAreInTheRightOrder(t *testing.T) {
	for name, r := range readers {
		t.Run(name, func(t *testing.T) {
			s := ownDatabase(t)
			tx := s.DB().WithContext(t.Context()).Begin()
			held, later := oneRecord(), oneRecord()
			meanwhile := func() {
				if err := errors.Join(s.InsertTx(t.Context(), tx, held), s.Insert(t.Context(), later)[0]); err != nil {
					t.Fatal(err)
				}
			}

			upTo, err := r.mark(t.Context(), s, meanwhile)
			if err != nil {
				t.Fatal(err)
			}
			delivered := between(t, s, 0, upTo)
			if err := tx.Commit().Error; err != nil {
				t.Fatal(err)
			}
			after := int64(0)
			for _, r := range delivered {
				after = r.Position
			}
			delivered = append(delivered, between(t, s, after, later.Records[0].Position)...)
			if loses := len(delivered) < 2; loses != r.loses {
				t.Errorf("%d of 2 events were delivered", len(delivered))
			}
		})
	}
}

// Forty writers hold their transactions open for random times, and one in twenty rolls
// back; the reader pauses between its steps. What is delivered is what was committed, in
// the order of each stream. Without the mark events are lost, or the test would prove
// nothing.
func TestS01_NothingIsSkippedUnderConcurrentWriters(t *testing.T) {
	for _, name := range []string{"low-water mark", "no mark"} {
		r := readers[name]
		t.Run(name, func(t *testing.T) {
			s := ownDatabase(t)
			seed := rand.Uint64()
			t.Logf("seed %d", seed)
			w := &writers{store: s, committed: map[uuid.UUID]bool{}}
			done := make(chan struct{})
			go func() { w.run(t, seed); close(done) }()

			delivered := deliver(t, s, r.mark, done)
			lost := 0
			for id := range w.committed {
				if !slices.ContainsFunc(delivered, func(r store.Record) bool { return r.EventID == id }) {
					lost++
				}
			}
			if r.loses == (lost == 0) || !r.loses && len(delivered) != len(w.committed) {
				t.Errorf("%d of %d events were lost, %d delivered", lost, len(w.committed), len(delivered))
			}
			inOrder(t, delivered)
		})
	}
}

// writers append twenty events each, each to a stream of its own.
type writers struct {
	store *Store

	mu        sync.Mutex // guards committed
	committed map[uuid.UUID]bool
}

func (w *writers) run(t *testing.T, seed uint64) {
	var group sync.WaitGroup
	for n := range uint64(40) {
		group.Go(func() {
			random := rand.New(rand.NewPCG(seed, n))
			for range 20 {
				if err := w.write(t.Context(), random, fmt.Sprint(n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
}

func (w *writers) write(ctx context.Context, random *rand.Rand, stream string) error {
	batch := oneRecord()
	batch.Records[0].Stream.ID, batch.Records[0].Version = stream, 0
	tx := w.store.DB().WithContext(ctx).Begin()
	if err := w.store.InsertTx(ctx, tx, batch); err != nil {
		return errors.Join(err, tx.Rollback().Error)
	}
	hold(random, 20*time.Millisecond)
	if random.IntN(20) == 0 {
		return tx.Rollback().Error
	}
	if err := tx.Commit().Error; err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.committed[batch.Records[0].EventID] = true

	return nil
}

// hold takes some time, at most so much.
func hold(random *rand.Rand, most time.Duration) {
	<-time.After(time.Duration(random.Int64N(int64(most))))
}

// deliver reads the log until the writers are done and nothing is left.
func deliver(t *testing.T, s *Store, mark reader, done <-chan struct{}) (delivered []store.Record) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, 2))
	after := int64(0)
	for last := false; ; {
		select {
		case <-done:
			last = true
		default:
		}
		upTo, err := mark(t.Context(), s, func() { hold(random, 3*time.Millisecond) })
		if err != nil {
			t.Fatal(err)
		}
		hold(random, time.Millisecond)
		page := between(t, s, after, upTo)
		delivered = append(delivered, page...)
		for _, r := range page {
			after = r.Position
		}
		if last && len(page) == 0 {
			return delivered
		}
	}
}

// between is the last of a reader's steps.
func between(t *testing.T, s *Store, after, upTo int64) (page []store.Record) {
	t.Helper()
	rows, err := s.pool.Query(t.Context(), settled, after, upTo, 100)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			t.Fatal(err)
		}
		page = append(page, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}

	return page
}

func inOrder(t *testing.T, delivered []store.Record) {
	t.Helper()
	last := map[string]int64{}
	for _, r := range delivered {
		if r.Version <= last[r.Stream.ID] {
			t.Errorf("stream %s: version %d was delivered after %d", r.Stream.ID, r.Version, last[r.Stream.ID])
		}
		last[r.Stream.ID] = r.Version
	}
}

func oneRecord() *store.Batch {
	r := benchRecord(0)
	r.Stream.ID, r.Version = uuid.NewString(), 1

	return &store.Batch{Records: []store.Record{r}}
}

// ownDatabase is one whose locks nobody else takes.
func ownDatabase(t *testing.T) *Store {
	t.Helper()

	return open(t, withParam(migratedAt(t, pgtest.Database(t)), "pool_max_conns=50"))
}
