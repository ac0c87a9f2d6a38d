package postgres

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

// TestMigrations_InterruptedIndex breaks off the building of an index at which a transaction
// makes it wait, as a lost connection would, and migrates again.
func TestMigrations_InterruptedIndex(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	providers, err := s.Migrations(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := providers[0].DownTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}

	interruptIndex(t, s)
	if valid, err := ask(t.Context(), s, `SELECT COUNT(*) FROM pg_index WHERE indexrelid = 'event_entries_type_idx'::regclass AND indisvalid`); err != nil || valid != 0 {
		t.Fatalf("got %d valid indexes, %v: nothing was interrupted", valid, err)
	}

	if err := store.Up(t.Context(), providers...); err != nil {
		t.Fatal(err)
	}
	invalid, err := ask(t.Context(), s, `SELECT COUNT(*) FROM pg_index WHERE indrelid = 'event_entries'::regclass AND NOT indisvalid`)
	if err != nil || invalid != 0 {
		t.Errorf("got %d invalid indexes, %v", invalid, err)
	}
}

func TestMigrations_OneProcessAtATime(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.URL(t))
	letGo := holdMigrations(t, s)

	if err := migrate(t, s, 200*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	letGo()
	if err := migrate(t, s, time.Minute); err != nil {
		t.Error(err)
	}
}

// The schema is told in options here, and might as well be the role's: the URL does not know.
func TestMigrations_AnotherLogDoesNotWait(t *testing.T) {
	t.Parallel()
	letGo := holdMigrations(t, open(t, pgtest.URL(t)))
	defer letGo()

	if err := migrate(t, open(t, pgtest.URL(t)), 30*time.Second); err != nil {
		t.Error(err)
	}
}

func TestMigrations_OneLogOtherwiseSaid(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.URL(t))
	var schema string
	if err := s.DB().Raw("SELECT current_schema()").Scan(&schema).Error; err != nil {
		t.Fatal(err)
	}
	letGo := holdMigrations(t, open(t, withParam(s, "search_path="+schema+",public")))
	defer letGo()

	if err := migrate(t, s, 200*time.Millisecond); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// holdMigrations is another process that migrates the log of s, until it lets go.
func holdMigrations(t *testing.T, s *Store) (letGo func()) {
	t.Helper()
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	execute(t, conn, fmt.Sprintf("SELECT pg_advisory_lock(%d)", s.migrationID))

	return func() {
		defer conn.Release()
		execute(t, conn, fmt.Sprintf("SELECT pg_advisory_unlock(%d)", s.migrationID))
	}
}

func migrate(t *testing.T, s *Store, within time.Duration) error {
	t.Helper()
	providers, err := s.Migrations(nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()

	return store.Up(ctx, providers...)
}

func interruptIndex(t *testing.T, s *Store) {
	t.Helper()
	holder, err := s.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := holder.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if _, err := holder.Exec(t.Context(), "LOCK TABLE event_entries IN ROW EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}

	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	execute(t, conn, "SET statement_timeout = '1s'")
	defer execute(t, conn, "RESET statement_timeout")
	_, err = conn.Exec(t.Context(), "CREATE INDEX CONCURRENTLY event_entries_type_idx ON event_entries (type, position, ordinal)")
	if _, ok := errors.AsType[*pgconn.PgError](err); !ok {
		t.Fatalf("got %v, want it to be canceled", err)
	}
}
