// Package ireneotest helps to test applications built on ireneo: an open log for each
// test on a real database, and projections and commands without one.
package ireneotest

import (
	"path/filepath"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// SQLite opens a migrated log on a database file of the test's own. It is closed when
// the test ends.
func SQLite(t testing.TB, config ireneo.Config) *ireneo.Log {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.sqlite3"))
	return open(t, st, err, config)
}

// PostgresURL is the URL of an empty schema of the test's own, dropped when the test
// ends. PostgreSQL is found by IRENEO_TEST_POSTGRES (a URL), else started for the tests
// from the binaries on the machine; the test is skipped, in one line, where there is
// neither. With IRENEO_REQUIRE_POSTGRES=1 it fails instead.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return pgtest.URL(t)
}

// Postgres opens a migrated log in a schema of the test's own, found as PostgresURL does.
func Postgres(t testing.TB, config ireneo.Config) *ireneo.Log {
	t.Helper()
	st, err := postgres.Open(t.Context(), PostgresURL(t))
	return open(t, st, err, config)
}

// Each runs a test on both databases, each time with a log of its own.
func Each(t *testing.T, config ireneo.Config, run func(t *testing.T, log *ireneo.Log)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { run(t, SQLite(t, config)) })
	t.Run("postgres", func(t *testing.T) { run(t, Postgres(t, config)) })
}

func open(t testing.TB, st store.Store, err error, config ireneo.Config) *ireneo.Log {
	t.Helper()
	if err != nil {
		t.Fatalf("open the test database: %v", err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close the test database: %v", err)
		}
	})

	log, err := ireneo.Open(st, config)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Migrate(t.Context()); err != nil {
		t.Fatalf("migrate the test database: %v", err)
	}
	return log
}
