package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// A transaction of the host that stays open holds up those who append to its stream, and
// nobody who waits beside them.
func TestAppendTx_HoldsUpOnlyItsStream(t *testing.T) {
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) { // SQLite has one writer
		for _, stream := range []*ireneo.Stream{Account, Journal} {
			must(t, stream.For("held").Append(ctx, &Deposited{Amount: 1}))
			tx := log.DB().Begin()
			must(t, tx.Error)
			must(t, stream.For("held").AppendTx(ctx, tx, &Deposited{Amount: 2}))

			var behind, all sync.WaitGroup
			for i := range 8 {
				behind.Go(func() { mustAppend(t, ctx, stream.For("held"), int64(3+i)) })
				all.Go(func() {
					for range 4 {
						mustAppend(t, ctx, stream.For(fmt.Sprint(i)), 1)
					}
				})
			}
			all.Wait()
			wantVersion(t, ctx, stream.For("held"), 1)
			must(t, tx.Commit().Error)
			behind.Wait()
			wantVersion(t, ctx, stream.For("held"), 10)
		}
		wantBalance(t, ctx, "held", 1+2+3+4+5+6+7+8+9+10)
	})
}

func mustAppend(t *testing.T, ctx context.Context, h *ireneo.Handle, amount int64) {
	if err := h.Append(ctx, &Deposited{Amount: amount}); err != nil {
		t.Error(err)
	}
}

// While connections are cut and the server crashes, every answer is true.
func TestAppend_AnswersAreTrueWhileTheDatabaseIsLost(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a server twice")
	}
	cluster := pgtest.NewCluster(t)
	c := config()
	c.CommitTimeout = 5 * time.Second
	st, err := postgres.Open(t.Context(), cluster.URL())
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	log, err := ireneo.Open(st, c)
	must(t, err)
	must(t, log.Migrate(t.Context()))
	ctx := ireneo.WithLog(t.Context(), log)

	w := &writers{}
	w.write(ctx)
	for range 5 {
		w.moreThan(50)
		terminate(t, log.DB())
	}
	w.moreThan(50)
	cluster.Stop(pgtest.Immediate)
	cluster.Start()
	w.moreThan(50)
	wantTrue(t, ctx, log, w.stop())
}

// Who is at it when the store is closed is told so.
func TestAppend_AnswersAreTrueWhenTheStoreIsClosed(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log.db")
	openFile := func() (context.Context, *ireneo.Log) {
		st, err := sqlite.Open(t.Context(), file)
		must(t, err)
		t.Cleanup(func() { _ = st.Close() })
		log, err := ireneo.Open(st, config())
		must(t, err)
		must(t, log.Migrate(t.Context()))
		return ireneo.WithLog(t.Context(), log), log
	}
	ctx, log := openFile()
	w := &writers{}
	w.write(ctx)
	w.moreThan(100)
	must(t, ireneo.StoreOf(log).Close())
	answers := w.stop()
	ctx, log = openFile()
	wantTrue(t, ctx, log, answers)
}

// told is what a caller was told of an event.
type told struct {
	event *Deposited
	err   error
}

// writers append to some streams until they are to stop.
type writers struct {
	done     atomic.Bool
	appended atomic.Int64
	all      sync.WaitGroup
	answers  [16][]told
}

func (w *writers) write(ctx context.Context) {
	for i := range w.answers {
		h := []*ireneo.Handle{Account.For("hot"), Journal.For("hot"), Account.For(fmt.Sprint(i))}[i%3]
		w.all.Go(func() {
			for !w.done.Load() {
				ev := &Deposited{Amount: 1, Note: uuid.NewString()}
				err := h.Append(ctx, ev)
				if err == nil {
					w.appended.Add(1)
				}
				w.answers[i] = append(w.answers[i], told{ev, err})
			}
		})
	}
}

// moreThan waits until so many more were appended.
func (w *writers) moreThan(n int64) {
	for until := w.appended.Load() + n; w.appended.Load() < until; <-time.After(time.Millisecond) {
	}
}

// stop returns what all were told.
func (w *writers) stop() []told {
	w.done.Store(true)
	w.all.Wait()
	return slices.Concat(w.answers[:]...)
}

// terminate ends all connections but its own.
func terminate(t *testing.T, db *gorm.DB) {
	t.Helper()
	err := db.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'").Error
	if err != nil && !errors.Is(err, ireneo.ErrUnavailable) {
		t.Logf("terminate: %v", err)
	}
}

// wantTrue compares what callers were told with what is in the log.
func wantTrue(t *testing.T, ctx context.Context, log *ireneo.Log, answers []told) {
	t.Helper()
	there := map[string]*Deposited{}
	for _, h := range handles(t, ctx, log) {
		for i, ev := range collect(t, ctx, h) {
			there[ev.(*Deposited).Note] = ev.(*Deposited)
			if ev.Version() != int64(i+1) {
				t.Fatalf("event %d of %s/%s has version %d", i+1, h.Type(), h.ID(), ev.Version())
			}
		}
		if h.Type() == Account.Type {
			assertSameAsReplay(t, ctx, h)
		}
	}
	outcomes := map[string]int{}
	for _, a := range answers {
		stored := there[a.event.Note]
		switch {
		case errors.Is(a.err, ireneo.ErrOutcomeUnknown):
			outcomes["unknown"]++
		case a.err != nil:
			outcomes["not written"]++
			if stored != nil || a.event.Persisted() {
				t.Errorf("told %v, and it is in the log: %v", a.err, stored != nil)
			}
		default:
			outcomes["written"]++
			if stored == nil || stored.Version() != a.event.Version() || stored.Position() != a.event.Position() {
				t.Errorf("told that it is version %d at %d, there is %v", a.event.Version(), a.event.Position(), stored)
			}
		}
	}
	t.Log(outcomes)
}

// handles are all streams of accounts and journals.
func handles(t *testing.T, ctx context.Context, log *ireneo.Log) (all []*ireneo.Handle) {
	t.Helper()
	for _, s := range []*ireneo.Stream{Account, Journal} {
		heads, err := log.StreamHeads(ctx, s.Type, ireneo.HeadQuery{Limit: 1000})
		must(t, err)
		for _, h := range heads {
			all = append(all, s.For(h.ID))
		}
	}
	return all
}
