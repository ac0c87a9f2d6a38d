package rebuild

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

func database(t *testing.T) *gorm.DB {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "x.sqlite3"))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	providers, err := s.Migrations(nil)
	must(t, err)
	must(t, store.Up(t.Context(), providers...))
	return s.DB()
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestClaim_IsForOneAtATime(t *testing.T) {
	ctx, db := t.Context(), database(t)
	want := store.Rebuild{Projection: "p", Phase: store.Filling}
	first, err := Claim(ctx, db, store.Rebuild{}, want, time.Hour)
	must(t, err)
	for _, before := range []store.Rebuild{{}, first} {
		if _, err := Claim(ctx, db, before, want, time.Hour); !errors.Is(err, store.ErrFenced) {
			t.Errorf("while the first is at it: got %v", err)
		}
	}
	must(t, first.Renew(ctx, db, store.Now().Add(-time.Second))) // it is lost
	second, err := Claim(ctx, db, first, want, time.Hour)
	must(t, err)
	for _, err := range []error{first.Save(ctx, db), first.Release(ctx, db), first.Renew(ctx, db, store.Now())} {
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("the one that was lost: got %v", err)
		}
	}
	must(t, second.Release(ctx, db))
	_, err = Claim(ctx, db, second, want, time.Hour)
	must(t, err)
}

func TestKeep_ProlongsTheLeaseUntilItIsCanceled(t *testing.T) {
	ctx, db := t.Context(), database(t)
	r, err := Claim(ctx, db, store.Rebuild{}, store.Rebuild{Projection: "p", Phase: store.Filling}, time.Second)
	must(t, err)
	kept, stop := Keep(ctx, db, r, time.Second)
	defer stop()
	for found := r; !found.LeaseUntil.After(r.LeaseUntil); {
		found, err = store.FindRebuild(ctx, db, "p")
		must(t, err)
	}
	if kept.Err() != nil {
		t.Fatalf("it ended: %v", context.Cause(kept))
	}
	if canceled, err := store.CancelRebuild(ctx, db, "p", store.Now()); !canceled || err != nil {
		t.Fatalf("canceled %t, %v", canceled, err)
	}
	<-kept.Done()
	if !errors.Is(context.Cause(kept), store.ErrFenced) {
		t.Errorf("it ended with %v", context.Cause(kept))
	}
}
