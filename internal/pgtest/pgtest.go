// Package pgtest gives each test a real PostgreSQL of its own.
//
// The server is found in this order:
//
//  1. IRENEO_TEST_POSTGRES, a URL of a role that may create schemas and databases;
//  2. a throwaway cluster, started once per test process from the binaries found on PATH
//     or where Debian and Homebrew put them, and gone when that process ends, however it ends.
//
// Without either the test is skipped, or fails when IRENEO_REQUIRE_POSTGRES=1 (continuous
// integration sets it, so that nothing is skipped in silence).
//
// [URL] separates tests by schema. Advisory locks and notification channels belong to the whole
// database, so a test that must not see those of its neighbours asks for a [Database] instead.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	serverEnv  = "IRENEO_TEST_POSTGRES"
	requireEnv = "IRENEO_REQUIRE_POSTGRES"
)

// statementTimeout bounds what pgtest itself does on the server. It is long, because a machine
// busy with race tests is slow, and short enough to name the test that left a lock behind.
const statementTimeout = 30 * time.Second

// sharedCluster is the process-wide throwaway cluster. It is the one global of this package:
// a process has no other place where tests of all its files could share something, and nothing
// stops it but the end of the process (see supervise).
var sharedCluster = sync.OnceValues(startCluster)

// Available reports whether a test could get a PostgreSQL here, and if not, why not. It starts
// nothing. It is safe for concurrent use.
func Available() (reason string, ok bool) {
	if os.Getenv(serverEnv) != "" {
		return "", true
	}
	if _, err := findInstallation(); err != nil {
		return err.Error(), false
	}
	return "", true
}

// URL returns the URL of a PostgreSQL whose search_path is a fresh, empty schema. The schema is
// dropped when the test ends; the test must have closed its connections by then, or it fails.
// Without PostgreSQL the test is skipped (see the package comment). It is safe for concurrent use.
func URL(t testing.TB) string {
	t.Helper()
	server := serverURL(t)
	schema := newName()

	execute(t, server, "CREATE SCHEMA "+schema)
	t.Cleanup(func() { execute(t, server, "DROP SCHEMA "+schema+" CASCADE") })

	return withSearchPath(t, server, schema)
}

// Database returns the URL of a fresh, empty database. It is dropped when the test ends, together
// with any connection still open to it. It costs some tens of milliseconds more than [URL].
// Without PostgreSQL the test is skipped (see the package comment). It is safe for concurrent use.
func Database(t testing.TB) string {
	t.Helper()
	server := serverURL(t)
	name := newName()

	execute(t, server, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, server, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)") })

	return withDatabase(t, server, name)
}

// serverURL returns the server all tests of this process share.
func serverURL(t testing.TB) string {
	t.Helper()
	if server := os.Getenv(serverEnv); server != "" {
		return server
	}
	requireInstallation(t)

	cluster, err := sharedCluster()
	if err != nil {
		t.Fatalf("start PostgreSQL: %v", err)
	}
	return cluster.url()
}

// requireInstallation skips or fails the test when there are no PostgreSQL binaries.
func requireInstallation(t testing.TB) {
	t.Helper()
	_, err := findInstallation()
	switch {
	case err == nil:
	case os.Getenv(requireEnv) == "1":
		t.Fatalf("%s=1, but there is no PostgreSQL: %v", requireEnv, err)
	default:
		t.Skipf("needs PostgreSQL: %v", err)
	}
}

// execute runs one statement on a connection of its own and fails the test on an error.
func execute(t testing.TB, server, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), statementTimeout)
	defer cancel()

	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connect to PostgreSQL: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()

	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s (is a connection of the test still open?): %v", statement, err)
	}
}

// withSearchPath sets search_path through "options", which pgx understands and so do the tools
// of PostgreSQL (psql and pg_dump refuse a plain search_path parameter).
func withSearchPath(t testing.TB, server, schema string) string {
	t.Helper()
	return editURL(t, server, func(u *url.URL) {
		query := u.Query()
		query.Set("options", query.Get("options")+" -c search_path="+schema)
		u.RawQuery = encode(query)
	})
}

func withDatabase(t testing.TB, server, name string) string {
	t.Helper()
	return editURL(t, server, func(u *url.URL) { u.Path = "/" + name })
}

func editURL(t testing.TB, server string, edit func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s: %v", serverEnv, err)
	}
	edit(u)
	return u.String()
}

// newName returns a name for a schema or database that needs no quoting and that no other test,
// of this process or another, has.
func newName() string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails, says crypto/rand
	return "test_" + hex.EncodeToString(random[:])
}
