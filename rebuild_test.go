package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// damaged makes the rows of all kinds wrong, as a mistake in a program might have.
func damaged(t testing.TB, log *ireneo.Log) {
	t.Helper()
	for _, statement := range []string{
		"UPDATE balances SET amount = amount + 7", "DELETE FROM balances WHERE id IN ('s1', 'x')", "INSERT INTO balances (id, amount, version) VALUES ('x', 1, 1)",
		"UPDATE purses SET trail = '?'", "DELETE FROM purses WHERE id = 's2'",
		"UPDATE payers SET times = 0", "DELETE FROM payers WHERE id = 'x'", "INSERT INTO payers (id, amount, times) VALUES ('x', 1, 1)",
	} {
		must(t, log.DB().Exec(statement).Error)
	}
}

// lastRebuild is how the last rebuild of a projection stands.
func lastRebuild(t testing.TB, ctx context.Context, log *ireneo.Log, name string) ireneo.Rebuild {
	t.Helper()
	all, err := log.Rebuilds(ctx)
	must(t, err)
	i := slices.IndexFunc(all, func(r ireneo.Rebuild) bool { return r.Projection == name })
	if i < 0 {
		t.Fatalf("no rebuild of %s among %v", name, all)
	}
	return all[i]
}

func hasTable(log *ireneo.Log, name string) bool {
	return log.DB().Exec("SELECT 1 FROM "+name).Error == nil
}

func TestS20_RebuildMakesRowsAnew(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 9, 3)
		caughtUp(t, ctx, log)
		damaged(t, log)
		for name, table := range kinds {
			var last ireneo.Rebuild
			must(t, log.Rebuild(ctx, name, func(r ireneo.Rebuild) { last = r }))
			wantVerified(t, ctx, log, name)
			if stored := lastRebuild(t, ctx, log, name); last != stored || last.Phase != "done" || last.Running || last.Events != last.Total || last.Events == 0 {
				t.Errorf("%s: reported %+v, stored %+v", name, last, stored)
			}
			if hasTable(log, store.ShadowOf(table)) || !hasTable(log, store.OldOf(table)) {
				t.Errorf("%s: the shadow is there, or the replaced table is not", name)
			}
		}
		wantBalance(t, ctx, "s1", 2+3+4-3)

		// Everybody goes on with the new rows.
		busy(t, ctx, 9, 1)
		caughtUp(t, ctx, log)
		wantVerified(t, ctx, log, "balances", "purses", "payers")
	})
}

func TestS20_RebuildOfAnEmptyLogAndOfNewStreams(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name := range kinds {
			damaged(t, log)
			must(t, log.Rebuild(ctx, name, nil))
			wantVerified(t, ctx, log, name)
		}
		busy(t, ctx, 2, 1) // Run has never run: the rebuild makes the cursor
		for name := range kinds {
			must(t, log.Rebuild(ctx, name, nil))
			wantVerified(t, ctx, log, name)
		}
		for _, d := range deliveries(t, log) {
			if d.Position != d.Head {
				t.Errorf("after a rebuild %s is at %d of %d", d.Name, d.Position, d.Head)
			}
		}
	})
}

func deliveries(t testing.TB, log *ireneo.Log) []ireneo.Delivery {
	t.Helper()
	all, err := log.Deliveries(context.Background())
	must(t, err)
	return all
}

// Under full load: nobody sees a row less than before, no append fails, and in the end the
// rows are what the log says.
func TestS20_RebuildUnderTraffic(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := sibling(t, log, asyncConfig())
		running(t, log)
		running(t, other)
		busy(t, ctx, 5, 1)
		for _, name := range []string{"purses", "payers"} {
			eventually(t, log, name, "done", done)
		}

		var wg, rebuilds sync.WaitGroup
		going, stop := context.WithCancel(ctx)
		defer stop()
		for w := range 4 {
			wg.Go(func() { load(t, going, []*ireneo.Log{log, other}[w%2], w) })
		}
		for name, table := range kinds {
			wg.Go(func() { neverFewer(t, going, log, table) })
			rebuilds.Go(func() {
				for range 4 {
					if err := log.Rebuild(ctx, name, nil); err != nil {
						t.Errorf("rebuild %s: %v", name, err)
					}
				}
			})
		}
		rebuilds.Wait()
		stop()
		wg.Wait()
		for _, name := range []string{"purses", "payers"} {
			eventually(t, log, name, "done", done)
		}
		wantVerified(t, ctx, log, "balances", "purses", "payers")
		for name := range kinds {
			must(t, log.Rebuild(ctx, name, nil))
			wantVerified(t, ctx, log, name)
		}
	})
}

// load appends until ctx ends: alone, in transactions of the host, and into the past.
func load(t *testing.T, going context.Context, log *ireneo.Log, w int) {
	ctx := ireneo.WithLog(context.WithoutCancel(going), log)
	for n := 0; going.Err() == nil; n++ {
		id := fmt.Sprint(w, "-", n%17)
		ev := &Deposited{Amount: int64(n + 1), Note: fmt.Sprint("n", n%23)}
		h := []*ireneo.Stream{Account, PurseStream}[n%2].For(id)
		var err error
		switch n % 5 {
		case 0:
			err = h.Append(ctx, ev, ireneo.At(noon.Add(time.Duration(n%7)*time.Hour)))
		case 1, 2:
			err = log.DB().Transaction(func(tx *gorm.DB) error { return h.AppendTx(ctx, tx, ev) })
		default:
			err = h.AppendAll(ctx, []ireneo.AnyEvent{ev, &Deposited{Amount: 1, Note: "all"}, &Noted{}})
		}
		if err != nil {
			t.Errorf("append to %s: %v", id, err)
			return
		}
	}
}

// neverFewer counts the rows of a table until ctx ends.
func neverFewer(t *testing.T, going context.Context, log *ireneo.Log, table string) {
	for before := int64(1); going.Err() == nil; {
		var rows int64
		if err := log.DB().Table(table).Count(&rows).Error; err != nil {
			t.Errorf("count the rows of %s: %v", table, err)
			return
		}
		if rows < before {
			t.Errorf("%s has %d rows after %d", table, rows, before)
		}
		before = rows
	}
}

// An append that is held open keeps the log unsettled. What was appended after it and has
// committed must be in the new rows all the same.
func TestS20_RebuildSeesWhatIsNotSettled(t *testing.T) {
	postgresOnly(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 3, 1)
		held := log.DB().Begin()
		must(t, held.Error)
		t.Cleanup(func() { held.Rollback() })
		must(t, Journal.For("held").AppendTx(ctx, held, &Deposited{Amount: 5, Note: "held"}))
		must(t, Account.For("new").Append(ctx, &Deposited{Amount: 3}))
		must(t, Account.For("s0").Append(ctx, &Deposited{Amount: 1000}))
		must(t, log.DB().Exec("UPDATE balances SET amount = 0").Error)

		for name := range kinds {
			must(t, log.Rebuild(ctx, name, nil))
		}
		wantBalance(t, ctx, "new", 3)
		wantVerified(t, ctx, log, "balances", "purses", "payers")
		must(t, held.Commit().Error)
		caughtUp(t, ctx, log)
		wantVerified(t, ctx, log, "balances", "purses", "payers")
	})
}

// errKilled is what a test ends a rebuild with as a kill does: nothing is given back.
var errKilled = errors.New("killed")

// until runs a rebuild that is cut off at its nth step: where ctx ends, or all at once.
func until(t testing.TB, ctx context.Context, log *ireneo.Log, name string, undo bool, n int, kill bool) (steps int, err error) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() {
		if p := recover(); p != nil && p != any(errKilled) {
			panic(p)
		} else if p != nil {
			err = errKilled
		}
	}()
	err = ireneo.RebuildSteps(ctx, log, name, undo, 2, func(r ireneo.Rebuild) {
		if steps++; steps != n || !r.Running {
			return
		}
		if kill {
			panic(errKilled)
		}
		cancel()
	})
	return steps, err
}

// S20: wherever it is cut off, it goes on from there, without a gap and without doing
// anything twice.
func TestS20_RebuildGoesOnWhereItWasCutOff(t *testing.T) {
	c := asyncConfig()
	c.Lease = 50 * time.Millisecond
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 6, 2)
		caughtUp(t, ctx, log)
		for name := range kinds {
			for _, kill := range []bool{false, true} {
				damaged(t, log)
				most, err := until(t, ctx, log, name, false, -1, false)
				must(t, err)
				for n := 1; n < most; n++ {
					damaged(t, log)
					steps, err := until(t, ctx, log, name, false, n, kill)
					if err == nil || steps != n {
						t.Fatalf("%s, cut off at step %d of %d: %d steps, %v", name, n, most, steps, err)
					}
					before := lastRebuild(t, ctx, log, name)
					if found, _ := log.Verify(ctx, name, nil); found.Differences == 0 {
						t.Errorf("%s, cut off at step %d: the rows in use were changed", name, n)
					}
					must(t, Account.For("s0").Append(ctx, &Deposited{Amount: 1, Note: "both"}))
					err = log.Rebuild(ctx, name, nil)
					for ; errors.Is(err, ireneo.ErrRebuilding); err = log.Rebuild(ctx, name, nil) {
						<-time.After(10 * time.Millisecond) // the lease of one that was killed has to end
					}
					must(t, err)
					if after := lastRebuild(t, ctx, log, name); !after.StartedAt.Equal(before.StartedAt) {
						t.Errorf("%s, cut off at step %d: it was begun anew", name, n)
					}
					wantVerified(t, ctx, log, name)
				}
			}
		}
	})
}

func TestS20_RebuildIsOneAtATimeAndCanBeCanceled(t *testing.T) {
	c := asyncConfig()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 6, 2)
		caughtUp(t, ctx, log)
		wantError(t, log.CancelRebuild(ctx, "balances"), ireneo.ErrNotRebuilding)
		other := sibling(t, log, c)
		for name, table := range kinds {
			damaged(t, log)
			want, err := log.Verify(ctx, name, nil)
			must(t, err)
			canceled := false
			err = ireneo.RebuildSteps(ctx, log, name, false, 2, func(r ireneo.Rebuild) {
				if canceled {
					return
				}
				canceled = true
				err := other.Rebuild(ctx, name, nil)
				wantError(t, err, ireneo.ErrRebuilding)
				if !strings.Contains(err.Error(), "of ") || !lastRebuild(t, ctx, other, name).Running {
					t.Errorf("%s: the second one is told %v", name, err)
				}
				must(t, other.CancelRebuild(ctx, name))
			})
			wantError(t, err, ireneo.ErrCanceled)
			if r := lastRebuild(t, ctx, log, name); r.Phase != "canceled" || r.Running || hasTable(log, store.ShadowOf(table)) {
				t.Errorf("%s: canceled as %+v", name, r)
			}
			if got, err := log.Verify(ctx, name, nil); err != nil || got.Differences != want.Differences {
				t.Errorf("%s: the rows in use were changed: %+v, %v", name, got, err)
			}
			must(t, log.Rebuild(ctx, name, nil))
			wantVerified(t, ctx, log, name)
		}
	})
}

func TestS20_UndoRebuildGoesBackToWhatWasReplaced(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 6, 2)
		caughtUp(t, ctx, log)
		for name, table := range kinds {
			wantError(t, log.UndoRebuild(ctx, name, nil), ireneo.ErrNothingReplaced)
			must(t, log.Rebuild(ctx, name, nil))
			must(t, log.DB().Exec("DELETE FROM "+table).Error) // the new one is no good
			busy(t, ctx, 4, 1)
			for n := 1; n < 3; n++ { // S20: an undo goes on as well
				if _, err := until(t, ctx, log, name, true, n, false); err == nil {
					break
				}
			}
			if r := lastRebuild(t, ctx, log, name); r.Phase != "done" {
				must(t, log.UndoRebuild(ctx, name, nil))
			}
			caughtUp(t, ctx, log)
			wantVerified(t, ctx, log, name)
			if r := lastRebuild(t, ctx, log, name); r.Phase != "done" || !r.Undo {
				t.Errorf("%s: undone as %+v", name, r)
			}
			must(t, log.UndoRebuild(ctx, name, nil)) // and back
			v, _ := verified(t, ctx, log, name)
			if v.Differences == 0 {
				t.Errorf("%s: the table that was undone was not kept", name)
			}
			must(t, log.UndoRebuild(ctx, name, nil))
			caughtUp(t, ctx, log)
			wantVerified(t, ctx, log, name)
		}
	})
}

// A projection that selects other events than its cursor is of does not run until it is
// rebuilt. One that has stopped at an event goes on.
func TestS20_RebuildTakesChangedProjectionsAndStoppedOnes(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, PurseStream.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 5}, &Noted{Text: "!"}, &Withdrawn{Amount: 9}}))
		stop := running(t, log)
		eventually(t, log, "purses", "stopped", stopped) // below zero
		stop()
		err := log.Rebuild(ctx, "purses", nil)
		var failed *ireneo.ProjectionError
		if !errors.As(err, &failed) || !strings.Contains(err.Error(), "row a") {
			t.Fatalf("got %v", err)
		}
		if r := lastRebuild(t, ctx, log, "purses"); r.Phase != "failed" || !strings.Contains(r.Error, "row a") || hasTable(log, "purses__shadow") {
			t.Errorf("it failed as %+v", r)
		}

		changed := asyncConfig(&ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(ireneo.NewProjection("purses",
			ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Amount += e.Amount; p.Trail += fmt.Sprint(" +", e.Amount) }),
			ireneo.On(func(p *Purse, e *Noted, _ time.Time) { p.Trail += e.Text }),
		))})
		log = sibling(t, log, changed)
		must(t, log.Rebuild(ctx, "purses", nil))
		wantPurse(t, ctx, "a", " +5!")
		running(t, log)
		must(t, PurseStream.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Noted{Text: "?"}, &Withdrawn{Amount: 1}}))
		d := eventually(t, log, "purses", "done", done)
		if d.Changed || d.State != "running" || d.Reason != "" {
			t.Errorf("it goes on as %+v", d)
		}
		wantPurse(t, ctx, "a", " +5!?")
		wantError(t, log.UndoRebuild(ctx, "purses", nil), ireneo.ErrOtherEvents)
	})
}

// A projection that panics has failed, as one that returns no row.
func TestS20_RebuildOfWhatPanics(t *testing.T) {
	panics := asyncConfig(&ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(ireneo.NewProjection("purses",
		ireneo.On(func(*Purse, *Deposited, time.Time) { panic("the disk is green") }),
	))})
	each(t, panics, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 5}))
		if err := log.Rebuild(ctx, "purses", nil); err == nil || !strings.Contains(err.Error(), "panic: the disk is green") {
			t.Fatalf("got %v", err)
		}
		if r := lastRebuild(t, ctx, log, "purses"); r.Phase != "failed" || r.Running || r.Error != "panic: the disk is green" || hasTable(log, "purses__shadow") {
			t.Errorf("it failed as %+v", r)
		}
	})
}

// Another program cannot go on with rows of which the first half is of this one.
func TestS20_RebuildOfAnotherDeclarationBeginsAnew(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 6, 2)
		if _, err := until(t, ctx, log, "purses", false, 3, false); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		before := lastRebuild(t, ctx, log, "purses")
		if before.Phase != "filling" || before.Running || before.Rows != 4 {
			t.Errorf("it was cut off as %+v", before)
		}
		changed := asyncConfig(&ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(ireneo.NewProjection("purses",
			ireneo.On(func(p *Purse, _ *Noted, _ time.Time) { p.Trail += "!" }),
		))})
		log = sibling(t, log, changed)
		must(t, log.Rebuild(ctx, "purses", nil))
		wantPurse(t, ctx, "s0", "!!")
		wantPurse(t, ctx, "only-noted", "!")
		wantVerified(t, ctx, log, "purses")
		if after := lastRebuild(t, ctx, log, "purses"); after.StartedAt.Equal(before.StartedAt) {
			t.Error("it went on")
		}
	})
}

// While somebody does not let go of the table the swap is tried again, and what is
// appended meanwhile is not lost.
func TestS20_RebuildWaitsForWhoHoldsTheTable(t *testing.T) {
	postgresOnly(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		busy(t, ctx, 3, 1)
		reader := log.DB().Begin()
		must(t, reader.Error)
		letGo := sync.OnceFunc(func() { reader.Rollback() })
		t.Cleanup(letGo)
		must(t, reader.Exec("SELECT * FROM balances").Error)
		var once sync.Once
		var waited atomic.Bool
		ended := make(chan error)
		go func() {
			ended <- ireneo.RebuildSteps(ctx, log, "balances", false, 100, func(r ireneo.Rebuild) {
				if r.Phase == "following" {
					once.Do(func() {
						time.AfterFunc(time.Second, func() { waited.Store(true); letGo() })
					})
				}
			})
		}()
		for range 20 {
			must(t, Account.For("s0").Append(ctx, &Deposited{Amount: 1}))
		}
		must(t, <-ended)
		if !waited.Load() {
			t.Error("it did not wait")
		}
		wantVerified(t, ctx, log, "balances")
	})
}
