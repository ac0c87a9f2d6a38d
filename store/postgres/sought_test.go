package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// seeking is a batch of one record of a type that calls unless.
func seeking(typ string, sought []string, unless func(ctx context.Context, tx *gorm.DB) error) *store.Batch {
	rec := benchRecord(1)
	rec.Type = typ

	return &store.Batch{Records: []store.Record{rec}, Guard: &store.Guard{Sought: sought, Unless: unless}}
}

func countOf(ctx context.Context, tx *gorm.DB, typ string) (n int64, err error) {
	err = tx.WithContext(ctx).Table("event_entries").Where("type = ?", typ).Count(&n).Error

	return n, err
}

// heldOpen draws a position in a transaction of the host and leaves it open.
func heldOpen(t *testing.T, s *Store) *gorm.DB {
	t.Helper()
	tx := s.DB().WithContext(t.Context()).Begin()
	if err := s.InsertTx(t.Context(), tx, &store.Batch{Records: []store.Record{benchRecord(1)}}); err != nil {
		t.Fatal(err)
	}

	return tx
}

// TestUnless_WaitsForWhoDrewBefore has a plain append draw its position before a batch that
// seeks it, and commit after that. Another that draws after both may stay open.
func TestUnless_WaitsForWhoDrewBefore(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	before := heldOpen(t, s)

	seen := make(chan int64, 1)
	done := make(chan error, 1)
	go func() {
		done <- s.Insert(t.Context(), seeking("other", []string{"debt.issued"}, func(ctx context.Context, tx *gorm.DB) error {
			n, err := countOf(ctx, tx, "debt.issued")
			seen <- n

			return err
		}))
	}()
	for asked := map[int64]bool{}; len(asked) < 3 && len(done) == 0; {
		asked[askedAt(t, s)] = true
	}
	after := heldOpen(t, s)
	defer after.Rollback()
	if err := before.Commit().Error; err != nil {
		t.Fatal(err)
	}

	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := <-seen; n != 1 {
		t.Errorf("saw %d records that lie before it, want 1", n)
	}
}

// askedAt is when a batch asked last who drew before it, in microseconds; zero: never.
func askedAt(t *testing.T, s *Store) int64 {
	t.Helper()
	at, err := ask(t.Context(), s, `
		SELECT COALESCE(MAX(EXTRACT(EPOCH FROM query_start) * 1000000)::bigint, 0)
		FROM pg_stat_activity
		WHERE LEFT(query, 50) = LEFT($1, 50)
		AND pid IN (SELECT pid FROM pg_locks`+held+`)`, olderSQL)
	if err != nil {
		t.Fatal(err)
	}

	return at
}

// TestUnless_ErrBusy ends the wait.
func TestUnless_ErrBusy(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	tx := heldOpen(t, s)
	defer tx.Rollback()
	ctx, cancel := context.WithCancel(t.Context())

	done := make(chan error, 1)
	go func() {
		done <- s.Insert(ctx, seeking("other", nil, func(context.Context, *gorm.DB) error {
			t.Error("it did not wait")

			return nil
		}))
	}()
	for len(heldBounds(t, s)) < 2 && len(done) == 0 {
		continue
	}
	time.AfterFunc(50*time.Millisecond, cancel) // while it asks again and again

	if err := <-done; !errors.Is(err, store.ErrBusy) || errors.Is(err, store.ErrOutcomeUnknown) {
		t.Errorf("got %v", err)
	}
	if n, err := countOf(t.Context(), s.DB(), "other"); err != nil || n != 0 {
		t.Errorf("got %d records, %v", n, err)
	}
}

// TestUnless_PaysNoAttentionToWhoDrawsLater has one take the low-water lock before a batch
// draws the next position, and not draw yet: what it will draw lies behind.
func TestUnless_PaysNoAttentionToWhoDrawsLater(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	tx := s.DB().WithContext(t.Context()).Begin()
	defer tx.Rollback()
	if err := tx.Exec(floor + "SELECT 1 FROM floor").Error; err != nil {
		t.Fatal(err)
	}

	if err := s.Insert(t.Context(), seeking("first", nil, func(context.Context, *gorm.DB) error { return nil })); err != nil {
		t.Fatal(err)
	}
}

// TestUnless_SideBySide has batches that seek nothing of each other be at work at the same
// time: each one's Unless returns when the others' have begun.
func TestUnless_SideBySide(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	types := []string{"a", "b", "c"}
	var begun, done sync.WaitGroup
	begun.Add(len(types))
	for _, typ := range types {
		done.Go(func() {
			err := s.Insert(ctx, seeking("written "+typ, []string{"sought " + typ}, func(ctx context.Context, _ *gorm.DB) error {
				begun.Done()
				all := make(chan struct{})
				go func() { begun.Wait(); close(all) }()
				select {
				case <-all:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			}))
			if err != nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
}

// TestUnless_HoldsBackWhoWritesWhatItSeeks has a batch look for a type while another, which
// is guarded by a stream alone, is after a record of that type: it has to wait, since what it
// has checked may be old by the time that it draws its position.
func TestUnless_HoldsBackWhoWritesWhatItSeeks(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	const sought = "sought and written"
	looking, goOn := make(chan struct{}), make(chan struct{})
	seeker, guarded := make(chan error, 1), make(chan error, 1)
	go func() {
		seeker <- s.Insert(t.Context(), seeking("other", []string{sought}, func(context.Context, *gorm.DB) error {
			close(looking)
			<-goOn

			return nil
		}))
	}()
	<-looking
	batch := seeking(sought, nil, nil)
	batch.Guard.Streams = []store.At{{Stream: store.Stream{Type: "debt", ID: "read"}}}
	go func() { guarded <- s.Insert(t.Context(), batch) }()

	for waitingFor(t, s, typeKey(sought)) == 0 && len(guarded) == 0 {
		continue
	}
	if len(guarded) > 0 {
		t.Error("it did not wait")
	}
	close(goOn)
	if err := errors.Join(<-seeker, <-guarded); err != nil {
		t.Fatal(err)
	}
	if batch.Records[0].Position != 2 {
		t.Errorf("it is at %d, want 2", batch.Records[0].Position)
	}
}

// waitingFor is how many wait for a lock of guard.go.
func waitingFor(t *testing.T, s *Store, key int64) int64 {
	t.Helper()
	n, err := ask(t.Context(), s, `
		SELECT COUNT(*)
		FROM pg_locks
		WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND classid::bigint << 32 | objid::bigint = $1
		AND NOT granted`, key)
	if err != nil {
		t.Fatal(err)
	}

	return n
}

// TestGuard_NotMigrated has a guard meet a database that is older than it.
func TestGuard_NotMigrated(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	providers, err := s.Migrations(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := providers[0].DownTo(t.Context(), 3); err != nil {
		t.Fatal(err)
	}

	for name, batch := range map[string]*store.Batch{
		"guard":     {Records: []store.Record{benchRecord(1)}, Guard: &store.Guard{Streams: []store.At{{Version: 1}}}},
		"execution": {Records: []store.Record{benchRecord(1)}, Execution: &store.Execution{ID: "a"}},
	} {
		if err := s.Insert(t.Context(), batch); !errors.Is(err, store.ErrNotMigrated) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestGuard_RepeatableRead has the snapshot of the check be older than its locks.
func TestGuard_RepeatableRead(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	execute(t, conn, "SET default_transaction_isolation = 'repeatable read'")
	defer execute(t, conn, "RESET default_transaction_isolation")

	batch := &store.Batch{Records: []store.Record{benchRecord(1)}, Guard: &store.Guard{Streams: []store.At{{}}}}
	if _, err := newPipeline([]*store.Batch{batch}, false, maxParameters).send(t.Context(), conn); err == nil {
		t.Error("got no error")
	}
}
