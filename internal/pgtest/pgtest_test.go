package pgtest_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
)

// childEnv makes TestCluster_Child the process that gets killed.
const childEnv = "IRENEO_PGTEST_CHILD"

func TestURL_FreshSchema(t *testing.T) {
	t.Parallel()
	first := connect(t, pgtest.URL(t))
	second := connect(t, pgtest.URL(t))

	if a, b := schema(t, first), schema(t, second); a == b {
		t.Errorf("both connections have schema %s, want distinct ones", a)
	}
	mustExec(t, first, "CREATE TABLE things (id int)")
	mustExec(t, second, "CREATE TABLE things (id int)") // no collision
}

func TestURL_DroppedAfterwards(t *testing.T) {
	t.Parallel()
	var gone string
	t.Run("one test", func(t *testing.T) {
		conn := connect(t, pgtest.URL(t))
		gone = schema(t, conn)
		mustExec(t, conn, "CREATE TABLE things (id int)")
	})

	conn := connect(t, pgtest.URL(t))
	if query[bool](t, conn, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", gone) {
		t.Errorf("schema %s is still there after its test", gone)
	}
}

func TestURL_ZoneIsNotUTC(t *testing.T) {
	if os.Getenv("IRENEO_TEST_POSTGRES") != "" {
		t.Skip("the zone of a given server is its own business")
	}
	t.Parallel()
	conn := connect(t, pgtest.URL(t))

	got := query[string](t, conn, "SELECT to_char('2026-07-01 00:00:00Z'::timestamptz, 'HH24:MI')")
	if want := "05:45"; got != want {
		t.Errorf("midnight UTC on the server: got %s, want %s", got, want)
	}
}

func TestURL_ToolsUnderstandIt(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("needs psql on PATH")
	}
	target := pgtest.URL(t)

	got, err := exec.Command(psql, "-XAtc", "SELECT current_schema", target).CombinedOutput()
	if err != nil {
		t.Fatalf("psql: %v: %s", err, got)
	}
	if want := schema(t, connect(t, target)) + "\n"; string(got) != want {
		t.Errorf("schema seen by psql: got %q, want %q", got, want)
	}
}

func TestDatabase_DroppedAfterwards(t *testing.T) {
	t.Parallel()
	var gone string
	t.Run("one test", func(t *testing.T) {
		conn := connect(t, pgtest.Database(t))
		gone = query[string](t, conn, "SELECT current_database()")
	})

	conn := connect(t, pgtest.Database(t))
	if query[bool](t, conn, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", gone) {
		t.Errorf("database %s is still there after its test", gone)
	}
}

func TestCluster_SurvivesACrash(t *testing.T) {
	t.Parallel()
	cluster := pgtest.NewCluster(t)
	before := connect(t, cluster.URL())
	mustExec(t, before, "CREATE TABLE things AS SELECT 42 AS answer")

	cluster.Stop(pgtest.Immediate)
	if err := before.Ping(t.Context()); err == nil {
		t.Error("the connection is alive after the server stopped")
	}
	if conn, err := pgx.Connect(t.Context(), cluster.URL()); err == nil {
		t.Errorf("connected to a stopped server: %v", conn.Close(t.Context()))
	}

	cluster.Start()
	after := connect(t, cluster.URL())
	if got, want := query[int](t, after, "SELECT answer FROM things"), 42; got != want {
		t.Errorf("answer after recovery: got %d, want %d", got, want)
	}
}

func TestCluster_GoneAfterItsTest(t *testing.T) {
	t.Parallel()
	var target string
	t.Run("one test", func(t *testing.T) { target = pgtest.NewCluster(t).URL() })

	if _, err := os.Stat(directory(t, target)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("files of the cluster after its test: got %v, want %v", err, fs.ErrNotExist)
	}
}

func TestCluster_DiesWithItsProcess(t *testing.T) {
	t.Parallel()
	child, target := startChild(t)
	conn := connect(t, target)

	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := conn.WaitForNotification(ctx) // none comes: it returns when the server hangs up
	if err == nil || ctx.Err() != nil {
		t.Fatalf("the server outlives its test process: %v", err)
	}
	waitUntilGone(ctx, t, directory(t, target))
}

// TestCluster_Child is not a test: TestCluster_DiesWithItsProcess runs and kills it.
func TestCluster_Child(t *testing.T) {
	if os.Getenv(childEnv) == "" {
		t.Skip("the child process of TestCluster_DiesWithItsProcess")
	}
	_, _ = os.Stdout.WriteString(pgtest.NewCluster(t).URL() + "\n")
	_, _ = io.Copy(io.Discard, os.Stdin) // until killed, or until the parent is gone
}

func startChild(t *testing.T) (child *exec.Cmd, target string) {
	t.Helper()
	pgtest.RequireInstallation(t)
	child = exec.Command(os.Args[0], "-test.run=^TestCluster_Child$")
	child.Env = append(os.Environ(), childEnv+"=1")
	stdout, outErr := child.StdoutPipe()
	_, inErr := child.StdinPipe() // open until the child is waited for
	if err := errors.Join(outErr, inErr); err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = child.Process.Kill(), child.Wait() })

	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		t.Fatalf("no URL from the child process: %v", lines.Err())
	}
	return child, lines.Text()
}

// waitUntilGone looks until the path is gone. Nothing tells when a directory goes, so it polls.
func waitUntilGone(ctx context.Context, t *testing.T, path string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s is still there", path)
		}
	}
}

func directory(t *testing.T, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("host")
}

func connect(t *testing.T, target string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func mustExec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func schema(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	return query[string](t, conn, "SELECT current_schema")
}

func query[T any](t *testing.T, conn *pgx.Conn, statement string, args ...any) T {
	t.Helper()
	var got T
	if err := conn.QueryRow(t.Context(), statement, args...).Scan(&got); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return got
}
