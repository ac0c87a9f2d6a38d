package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
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
		if err := s.Insert(t.Context(), later); err != nil {
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

// The locks of other databases, logs and applications are as good as none, even where
// their numbers are those of this log.
func TestS18_ATransactionElsewhereHoldsNothingBack(t *testing.T) {
	s, database := ownDatabase(t), ownDatabase(t)
	if err := s.DB().Exec("CREATE SCHEMA elsewhere").Error; err != nil {
		t.Fatal(err)
	}
	schema := migratedAt(t, withParam(s, "search_path=elsewhere"))
	class, err := ask(t.Context(), s, "SELECT 'event_entries'::regclass::oid::bigint")
	if err != nil {
		t.Fatal(err)
	}

	for name, elsewhere := range map[string]struct {
		store *Store
		lock  string // beside that of an insert
	}{
		"another database":              {database, "SELECT 1"},
		"the same lock in another one":  {database, fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d, 0)", class)},
		"another schema":                {schema, "SELECT 1"},
		"an application's lock":         {schema, fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d, 0)", class+1)},
		"an application's one-key lock": {schema, fmt.Sprintf("SELECT pg_advisory_xact_lock_shared(%d)", class<<32)},
	} {
		tx := elsewhere.store.DB().WithContext(t.Context()).Begin()
		err := errors.Join(elsewhere.store.InsertTx(t.Context(), tx, oneRecord()), tx.Exec(elsewhere.lock).Error)
		if err != nil {
			t.Fatal(err)
		}
		commit(t, s)
		last, err := ask(t.Context(), s, lastDrawn)
		if err != nil {
			t.Fatal(err)
		}
		if mark, err := s.Settled(t.Context()); err != nil || mark != last {
			t.Errorf("%s: settled up to %d of %d: %v", name, mark, last, err)
		}
		if err := tx.Rollback().Error; err != nil {
			t.Fatal(err)
		}
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
				if err := errors.Join(s.InsertTx(t.Context(), tx, held), s.Insert(t.Context(), later)); err != nil {
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

// oneStatement is a mutant: all steps in one statement, and so in one snapshot. The lock in
// it is where it pauses.
var oneStatement = columns + `
	WHERE position > $1
	AND position <= (
		WITH paused AS MATERIALIZED (
			SELECT pg_advisory_xact_lock_shared(1)
		), last AS MATERIALIZED (
			SELECT (` + lastDrawn + `) AS drawn
			FROM paused
		)
		SELECT drawn - GREATEST(0, (` + strings.Replace(lowWater, "$1", "drawn", 1) + `))
		FROM last
	)
	ORDER BY position, ordinal`

func readAtOnce(t *testing.T, s *Store, after int64, pause func()) []store.Record {
	t.Helper()
	paused := s.DB().WithContext(t.Context()).Begin()
	if err := paused.Exec("SELECT pg_advisory_xact_lock(1)").Error; err != nil {
		t.Fatal(err)
	}
	var page []store.Record
	read := make(chan error)
	go func() {
		var err error
		page, err = pageOf(t.Context(), s, oneStatement, after)
		read <- err
	}()
	waitForWaiting(t, s, 1)

	pause()
	if err := paused.Rollback().Error; err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Fatal(err)
	}

	return page
}

func readInSteps(t *testing.T, s *Store, after int64, pause func()) []store.Record {
	t.Helper()
	upTo, err := readers["low-water mark"].mark(t.Context(), s, pause)
	if err != nil {
		t.Fatal(err)
	}

	return between(t, s, after, upTo)
}

// Somebody has drawn a position and somebody else the next one and committed. The first
// commits while the reader is at work, and its lock is gone. Whoever looks at the locks
// then must look at the log later still, not as it was before.
func TestS01_TheStepsAreStatementsOfTheirOwn(t *testing.T) {
	for name, r := range map[string]struct {
		read  func(t *testing.T, s *Store, after int64, pause func()) []store.Record
		loses bool
	}{"three statements": {readInSteps, false}, "one statement": {readAtOnce, true}} {
		t.Run(name, func(t *testing.T) {
			s := ownDatabase(t)
			tx := s.DB().WithContext(t.Context()).Begin()
			if err := s.InsertTx(t.Context(), tx, oneRecord()); err != nil {
				t.Fatal(err)
			}
			commit(t, s)

			delivered := r.read(t, s, 0, func() {
				if err := tx.Commit().Error; err != nil {
					t.Fatal(err)
				}
			})
			after := int64(0)
			for _, r := range delivered {
				after = r.Position
			}
			delivered = append(delivered, r.read(t, s, after, func() {})...)
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
func between(t *testing.T, s *Store, after, upTo int64) []store.Record {
	t.Helper()
	page, err := pageOf(t.Context(), s, settled, after, upTo, 100)
	if err != nil {
		t.Fatal(err)
	}

	return page
}

func pageOf(ctx context.Context, s *Store, sql string, args ...any) (page []store.Record, err error) {
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanRecord(rows)
		if err != nil {
			return nil, err
		}
		page = append(page, r)
	}

	return page, rows.Err()
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
