package postgres

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

// overhear listens to all that is announced on the channel of s.
func overhear(t *testing.T, s *Store) *pgx.Conn {
	t.Helper()
	conn, channel, err := dial(t.Context(), s.pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { hangUp(conn) })
	if _, err := conn.Exec(t.Context(), "LISTEN "+channel); err != nil {
		t.Fatal(err)
	}

	return conn
}

// heard waits for the next announcement of s.
func heard(t *testing.T, conn *pgx.Conn, s *Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if n.Payload == s.announcer.origin {
			return
		}
	}
}

// listening starts a Listen and returns when it listens.
func listening(t *testing.T, s *Store, wake func()) (ended <-chan error) {
	t.Helper()
	begun, first, result := make(chan struct{}), true, make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	go func() {
		result <- s.Listen(ctx, func() {
			if first {
				first = false
				close(begun)
				return
			}
			wake()
		})
	}()
	select {
	case <-begun:
	case err := <-result:
		t.Fatal(err)
	}

	return result
}

func commit(t *testing.T, s *Store) {
	t.Helper()
	if err := s.Insert(t.Context(), oneRecord()); err != nil {
		t.Fatal(err)
	}
}

// The log in another schema and the store itself commit a few times; only then another
// store of the same log does.
func TestListen_ForThisLogAndOthersOnly(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	s := migratedAt(t, url)
	if err := s.DB().Exec("CREATE SCHEMA elsewhere").Error; err != nil {
		t.Fatal(err)
	}
	sibling, elsewhere := open(t, url), migratedAt(t, withParam(s, "search_path=elsewhere"))
	var expected atomic.Bool
	woken := make(chan struct{})
	listening(t, s, func() {
		if !expected.Load() {
			t.Error("woken by its own commit or that of another log")
			return
		}
		close(woken)
	})

	here, there := overhear(t, s), overhear(t, elsewhere)
	for range 10 {
		commit(t, s)
		commit(t, elsewhere)
		heard(t, here, s)
		heard(t, there, elsewhere)
	}
	expected.Store(true)
	commit(t, sibling)
	<-woken
}

func TestListen_ErrNotMigrated(t *testing.T) {
	t.Parallel()
	s := open(t, pgtest.URL(t))
	if err := s.Listen(t.Context(), func() { t.Error("woken") }); !errors.Is(err, store.ErrNotMigrated) {
		t.Errorf("got %v", err)
	}
}

// terminate ends the connections of application in whose last statement there is what.
func terminate(t *testing.T, s *Store, application, what string) {
	t.Helper()
	var ended int
	err := s.pool.QueryRow(t.Context(), `
		SELECT count(pg_terminate_backend(pid, 10000))
		FROM pg_stat_activity
		WHERE application_name = $1 || ' signals'
		AND query LIKE '%' || $2 || '%'`, application, what).Scan(&ended)
	if err != nil || ended != 1 {
		t.Fatalf("ended %d connections: %v", ended, err)
	}
}

func TestListen_ErrUnavailable(t *testing.T) {
	t.Parallel()
	sibling := migrated(t)
	s := open(t, withParam(sibling, "application_name=lost_listener"))
	ended := listening(t, s, func() {})

	terminate(t, sibling, "lost_listener", "LISTEN")
	if err := <-ended; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}

	woken := make(chan struct{})
	listening(t, s, func() { close(woken) })
	commit(t, sibling)
	<-woken
}

// A commit that finds the connection lost is announced on another one.
func TestInsert_AnnouncesAfterALostConnection(t *testing.T) {
	t.Parallel()
	watcher := migrated(t)
	s := open(t, withParam(watcher, "application_name=lost_announcer"))
	conn := overhear(t, watcher)
	commit(t, s)
	heard(t, conn, s)

	terminate(t, watcher, "lost_announcer", "NOTIFY")
	commit(t, s)
	heard(t, conn, s)
}

// However many there are, announcements stay apart.
func TestInsert_AnnouncesManyCommitsAtOnce(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	conn := overhear(t, s)

	began := time.Now()
	for range 200 {
		commit(t, s)
	}
	if err := s.Close(); err != nil { // announces the last
		t.Fatal(err)
	}
	most := int(time.Since(began)/debounce) + 2

	if err := conn.Ping(t.Context()); err != nil { // gathers what was announced
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := 0
	for cancel(); ; got++ {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			break
		}
	}
	if got == 0 || got > most {
		t.Errorf("200 commits were announced %d times, want at most %d", got, most)
	}
}

// Nothing is left of a store that is closed while it listens and announces.
func TestClose_LeavesNoConnection(t *testing.T) {
	t.Parallel()
	watcher := migrated(t)
	s := open(t, withParam(watcher, "application_name=closed"))
	ended := listening(t, s, func() {})
	commit(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	if err := <-ended; !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for left := -1; left != 0; <-tick.C { // the server takes its time to see them go
		err := watcher.pool.QueryRow(t.Context(), `
			SELECT count(*)
			FROM pg_stat_activity
			WHERE application_name LIKE 'closed%'`).Scan(&left)
		if err != nil {
			t.Fatal(err)
		}
	}
}

// BenchmarkInsertOfMany has 32 callers, of whom each inserts on its own.
func BenchmarkInsertOfMany(b *testing.B) {
	const callers = 32
	s := open(b, withParam(migrated(b), "pool_max_conns=32"))
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := s.Insert(b.Context(), &store.Batch{Records: []store.Record{benchRecord(1)}}); err != nil {
				b.Error(err)
			}
		}
	})
}
