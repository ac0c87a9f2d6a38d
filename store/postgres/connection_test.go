package postgres

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
)

func TestOpen_ErrNoDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	config, err := pgx.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}

	_, err = Open(t.Context(), strings.Replace(url, "/"+config.Database+"?", "/nowhere_to_be_found?", 1))
	if !errors.Is(err, store.ErrNoDatabase) {
		t.Fatalf("got %v", err)
	}
}

func TestOpen_ErrUnavailable(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), "postgres://nobody@127.0.0.1:1/nothing?connect_timeout=2")
	if !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestStore_ErrReadOnly(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	readOnly := open(t, withParam(s, "default_transaction_read_only=on"))

	err := readOnly.Insert(t.Context(), &store.Batch{Records: []store.Record{benchRecord(1)}})
	if !errors.Is(err, store.ErrReadOnly) {
		t.Fatalf("got %v", err)
	}
}

func withParam(s *Store, param string) string {
	url := s.pool.Config().ConnString()
	if strings.Contains(url, "?") {
		return url + "&" + param
	}

	return url + "?" + param
}

func TestStore_ErrImmutable(t *testing.T) {
	t.Parallel()
	s := migrated(t)
	for _, sql := range []string{"TRUNCATE event_entries", "DELETE FROM event_entries", "UPDATE event_entries SET meta = '{}'"} {
		if err := translate(s.DB().Exec(sql).Error); !errors.Is(err, store.ErrImmutable) {
			t.Errorf("%s: got %v", sql, err)
		}
	}
}

// An insert that waits for another transaction's and loses its connection must not
// say that nothing was written.
func TestInsert_ErrOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(t *testing.T, s *Store, cancel func()){
		"Cancelled":  func(_ *testing.T, _ *Store, cancel func()) { cancel() },
		"Terminated": func(t *testing.T, s *Store, _ func()) { terminateWaiting(t, s) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, held := migrated(t), benchRecord(1)
			rival := held
			rival.EventID[15]++
			tx := s.DB().WithContext(t.Context()).Begin()
			defer tx.Rollback()
			if err := s.InsertTx(t.Context(), tx, &store.Batch{Records: []store.Record{held}}); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			answer := make(chan error)
			go func() { answer <- s.Insert(ctx, &store.Batch{Records: []store.Record{rival}}) }()
			waitForWaiting(t, s, 1)
			lose(t, s, cancel)

			if err := <-answer; !errors.Is(err, store.ErrOutcomeUnknown) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

const waiting = `
	SELECT pid
	FROM pg_stat_activity
	WHERE wait_event_type = 'Lock'
	AND query LIKE '%event_entries%'
	AND 'event_entries'::regclass::oid IN (
		SELECT relation
		FROM pg_locks AS l
		WHERE l.pid = pg_stat_activity.pid)`

func waitForWaiting(t *testing.T, s *Store, n int) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		var got int
		err := s.pool.QueryRow(t.Context(), "SELECT count(*) FROM ("+waiting+") AS w").Scan(&got)
		if err != nil {
			t.Fatal(err)
		}
		if got >= n {
			return
		}
		<-tick.C
	}
}

func terminateWaiting(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.pool.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM ("+waiting+") AS w"); err != nil {
		t.Fatal(err)
	}
}

// Ten attempts are enough for any number of racers, because those that lost line up.
// All of them lose the first race, to a transaction that was there before.
func TestInsert_NextVersionManyConnections(t *testing.T) {
	t.Parallel()
	const callers = 60
	s := open(t, withParam(migrated(t), "pool_max_conns=64"))
	next := func() *store.Batch {
		r := benchRecord(0)
		r.Stream.ID = "shared"

		return &store.Batch{Records: []store.Record{r}}
	}
	tx := s.DB().WithContext(t.Context()).Begin()
	defer tx.Rollback()
	if err := s.InsertTx(t.Context(), tx, next()); err != nil {
		t.Fatal(err)
	}

	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			if err := s.Insert(t.Context(), next()); err != nil {
				t.Error(err)
			}
		})
	}
	waitForWaiting(t, s, callers)
	if err := tx.Commit().Error; err != nil {
		t.Fatal(err)
	}
	wg.Wait()
}

func TestDB_TimesInUTC(t *testing.T) {
	t.Parallel()
	var at time.Time
	if err := open(t, pgtest.URL(t)).DB().Raw("SELECT now()").Scan(&at).Error; err != nil {
		t.Fatal(err)
	}
	if at.Location() != time.UTC {
		t.Errorf("got %v", at)
	}
}
