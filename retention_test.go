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

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// Rental is kept for a month after its end, with rows and snapshots of all kinds.
var Rental = &ireneo.Stream{
	Type: "rental", Purpose: "One thing lent for money", Pattern: "{number}", ClosedBy: "account.closed",
	Retention:     ireneo.AfterClosing{Months: 1},
	Consistency:   AccountPosition.Snapshot(2),
	Transactional: ireneo.Materialize(Balances),
	Async:         ireneo.Materialize(Purses),
}

// rentals is a configuration with rentals, and with the clock at noon.
func rentals() (ireneo.Config, *clock) {
	now := &clock{now: noon}
	c := asyncConfig(Rental)
	c.Clock, c.Projections = now.Now, nil
	return c, now
}

// rent appends a rental of three events, of which the last closes it.
func rent(t testing.TB, ctx context.Context, id string) {
	t.Helper()
	must(t, Rental.For(id).AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 5, Note: "ana"}, &Withdrawn{Amount: 2}}))
	must(t, Rental.For(id).Append(ctx, &Closed{}))
}

// folded runs the log's projections and subscriptions until they are done.
func folded(t testing.TB, log *ireneo.Log) {
	t.Helper()
	stop := running(t, log)
	defer stop()
	for _, d := range deliveries(t, log) {
		eventually(t, log, d.Name, "done", done)
	}
}

func retain(t testing.TB, ctx context.Context, log *ireneo.Log, o ireneo.RetainOptions) ireneo.Retained {
	t.Helper()
	all, err := log.Retain(ctx, o)
	must(t, err)
	if len(all) != 1 {
		t.Fatalf("got %+v", all)
	}
	return all[0]
}

// left are the tables with something of a stream, whose id is in no other one.
func left(t testing.TB, log *ireneo.Log, id string, tables ...string) (found string) {
	t.Helper()
	for _, q := range append([]string{
		"event_entries WHERE stream_id = ?", "event_snapshots WHERE id LIKE '%/' || ?",
		"balances WHERE id = ?", "purses WHERE id = ?",
	}, tables...) {
		var n int64
		must(t, log.DB().Raw("SELECT COUNT(*) FROM "+q, id).Scan(&n).Error)
		if n > 0 {
			found += " " + strings.Fields(q)[0]
		}
	}
	return found
}

const everywhere = " event_entries event_snapshots balances purses"

func TestC19_RetentionRemovesClosedStreamsAsAWhole(t *testing.T) {
	c, now := rentals()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		now.Set(noon)
		rent(t, ctx, "old")
		must(t, Rental.For("open").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Deposited{Amount: 2}}))
		must(t, Account.For("closed").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Closed{}})) // kept for ever
		now.Set(noon.Add(time.Microsecond))
		rent(t, ctx, "young")
		folded(t, log)
		must(t, log.Rebuild(ctx, "balances", nil)) // which keeps what it has replaced

		now.Set(noon.AddDate(0, 1, 0))
		want := ireneo.Retained{Stream: "rental", Retention: "1 month after closing", Streams: 1, Events: 3, Held: []ireneo.Held{}}
		if diff := cmp.Diff(want, retain(t, ctx, log, ireneo.RetainOptions{})); diff != "" {
			t.Errorf("what would be (-want +got):\n%s", diff)
		}
		if got := left(t, log, "old"); got != everywhere {
			t.Fatalf("nothing was to be removed, and there is%s", got)
		}

		ana := ireneo.WithMeta(ctx, map[string]string{ireneo.ActorKey: "ana"})
		var reported []ireneo.Retained
		want.Removed = true
		got := retain(t, ana, log, ireneo.RetainOptions{Remove: true, Report: func(r ireneo.Retained) { reported = append(reported, r) }})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what was removed (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, reported[len(reported)-1]); diff != "" {
			t.Errorf("what was reported last (-want +got):\n%s", diff)
		}
		if got := left(t, log, "old", store.OldOf("balances")+" WHERE id = ?"); got != "" {
			t.Errorf("there is still something in%s", got)
		}
		for _, id := range []string{"open", "young"} {
			if got := left(t, log, id); got != everywhere {
				t.Errorf("of %s there is%s", id, got)
			}
		}
		wantVersion(t, ctx, Account.For("closed"), 2)
		wantVersion(t, ctx, Rental.For("old"), 0)
		wantRemovals(t, ctx, log, "rental", "1 month after closing: 1 streams, 3 events by ana")

		folded(t, log)
		wantVerified(t, ctx, log, "balances", "purses")
		must(t, log.UndoRebuild(ctx, "balances", nil))
		wantVerified(t, ctx, log, "balances")
	})
}

// wantRemovals reads what is on record of the removals of a type.
func wantRemovals(t testing.TB, ctx context.Context, log *ireneo.Log, typ string, want ...string) {
	t.Helper()
	stream, err := log.Stream("ireneo.removal")
	must(t, err)
	var got []string
	for _, ev := range collect(t, ctx, stream.For(typ)) {
		r := ev.(*ireneo.StreamsRemoved)
		text := fmt.Sprintf("%s: %d streams, %d events", r.Retention, r.Streams, r.Events)
		if by := r.Meta().Get(ireneo.ActorKey); by != "" {
			text += " by " + by
		}
		if len(r.Despite) > 0 {
			text += fmt.Sprint(" despite ", r.Despite)
		}
		got = append(got, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
}

// An append after the closing event is refused, in a process that knows the stream and in
// one that has to read it.
func TestC19_NothingFollowsTheClosingEvent(t *testing.T) {
	c, _ := rentals()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		rent(t, ctx, "a")
		for _, l := range []*ireneo.Log{log, sibling(t, log, c)} {
			wantError(t, Rental.In(l).For("a").Append(ctx, &Deposited{Amount: 1}), ireneo.ErrClosed)
		}
		wantVersion(t, ctx, Rental.For("a"), 3)
	})
}

// wantHeld retains and expects that nothing goes, for one reason.
func wantHeld(t testing.TB, ctx context.Context, log *ireneo.Log, by, why string) {
	t.Helper()
	for _, remove := range []bool{false, true} {
		got := retain(t, ctx, log, ireneo.RetainOptions{Remove: remove})
		if len(got.Held) != 1 || got.Held[0].By != by || !strings.Contains(got.Held[0].Why, why) || got.Held[0].Streams != 1 || got.Streams != 0 {
			t.Errorf("got %+v, want it held by %s, because it %s", got, by, why)
		}
	}
	wantVersion(t, ctx, Rental.For("old"), 3)
}

// expired is a log with one rental whose time is over.
func expired(t *testing.T, change func(*ireneo.Config), run func(t *testing.T, ctx context.Context, log *ireneo.Log)) {
	t.Helper()
	c, now := rentals()
	change(&c)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		now.Set(noon)
		rent(t, ctx, "old")
		now.Set(noon.AddDate(1, 0, 0))
		run(t, ctx, log)
	})
}

func wantRemoved(t testing.TB, ctx context.Context, log *ireneo.Log, despite ...string) {
	t.Helper()
	if got := retain(t, ctx, log, ireneo.RetainOptions{Remove: true, Despite: despite}); got.Streams != 1 || len(got.Held) > 0 {
		t.Errorf("got %+v", got)
	}
	if got := left(t, log, "old"); got != "" {
		t.Errorf("there is still something in%s", got)
	}
}

func subscribing(c *ireneo.Config, names ...string) {
	for _, name := range names {
		c.Subscriptions = append(c.Subscriptions, &ireneo.Subscription{Name: name, Handle: func(context.Context, ireneo.Batch) error { return nil }})
	}
}

func TestC19_RetentionWaitsForSubscriptions(t *testing.T) {
	expired(t, func(c *ireneo.Config) { subscribing(c, "mail") }, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		wantHeld(t, ctx, log, "mail", "not come") // it has never run
		must(t, log.Pause(ctx, "mail", "the server is moved"))
		stop := running(t, log)
		eventually(t, log, "purses", "done", done)
		stop()
		wantHeld(t, ctx, log, "mail", "not come")
		_, err := log.Retain(ctx, ireneo.RetainOptions{Remove: true, Despite: []string{"mail"}})
		wantError(t, err, ireneo.ErrUnknownSubscription)
		must(t, log.Resume(ctx, "mail"))
		folded(t, log)
		wantRemoved(t, ctx, log)
	})
}

// One that no program runs any more holds streams back until somebody says otherwise.
func TestC19_RetentionPassesOverWhatIsAbandoned(t *testing.T) {
	expired(t, func(*ireneo.Config) {}, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		c, _ := rentals()
		subscribing(&c, "former")
		_, err := sibling(t, log, c).Deliveries(ctx)
		must(t, err)
		stop := running(t, log)
		eventually(t, log, "purses", "done", done)
		stop()
		wantHeld(t, ctx, log, "former", "not come")
		wantRemoved(t, ctx, log, "former")
		wantRemovals(t, ctx, log, "rental", "1 month after closing: 1 streams, 3 events despite [former]")
	})
}

func TestC19_RetentionLeavesRowsOfManyStreamsAlone(t *testing.T) {
	expired(t, func(c *ireneo.Config) { c.Projections = []ireneo.AnyProjection{Payers} }, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		folded(t, log)
		wantVerified(t, ctx, log, "payers")
		wantHeld(t, ctx, log, "payers", "rows of many streams")
		wantRemoved(t, ctx, log, "payers")
		wantPayer(t, ctx, "ana", 5, 1)
		if v, _ := verified(t, ctx, log, "payers"); v.Differences == 0 {
			t.Error("the rows are what is left in the log")
		}
	})
}

func TestC19_RetentionWaitsForWhatWasPutAside(t *testing.T) {
	refuse := true
	handle := func(context.Context, ireneo.Batch) error {
		if refuse {
			return errHandler
		}
		return nil
	}
	change := func(c *ireneo.Config) {
		c.Subscriptions = []*ireneo.Subscription{{Name: "mail", Handle: handle, Park: true, Attempts: 1, Filters: []ireneo.Filter{{Streams: []string{"rental"}}}}}
	}
	expired(t, change, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		refuse = true
		folded(t, log)
		wantHeld(t, ctx, log, "mail", "put an append")
		refuse = false
		_, err := log.Retry(ctx, "mail")
		must(t, err)
		stop := running(t, log)
		eventually(t, log, "mail", "rid of it", func(d ireneo.Delivery) bool { return d.Parked == 0 })
		stop()
		wantRemoved(t, ctx, log)
	})
}

func TestC19_RetentionWaitsForRebuilds(t *testing.T) {
	expired(t, func(c *ireneo.Config) { c.Lease = 50 * time.Millisecond }, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		folded(t, log)
		for _, name := range []string{"balances", "purses"} {
			if _, err := until(t, ctx, log, name, false, 2, false); !errors.Is(err, context.Canceled) {
				t.Fatalf("the rebuild ends with %v", err)
			}
			wantHeld(t, ctx, log, name, "rebuilt")
			must(t, log.CancelRebuild(ctx, name))
		}
		wantRemoved(t, ctx, log)
	})
}

// Of two streams with one id, of two types, the row is of the one appended to last.
func TestC19_RetentionLeavesSharedRowsAlone(t *testing.T) {
	expired(t, func(*ireneo.Config) {}, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("old").Append(ctx, &Deposited{Amount: 70}))
		folded(t, log)
		wantHeld(t, ctx, log, "balances", "one row")
		wantBalance(t, ctx, "old", 70)
	})
}

// A rebuild that begins while streams are removed waits, and does not see them.
func TestC19_RebuildsBeginAfterTheRemoval(t *testing.T) {
	c, _ := rentals()
	postgresOnly(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for round := range 2 { // of the second there has been one before
			id := fmt.Sprint("r", round)
			rent(t, ctx, id)
			folded(t, log)
			tx := log.DB().Begin()
			must(t, tx.Error)
			t.Cleanup(func() { tx.Rollback() })
			_, release, err := store.HoldRebuilds(ctx, tx, []string{"balances", "purses"})
			must(t, err)
			must(t, tx.Exec("SET LOCAL ireneo.maintenance = 'on'").Error)
			must(t, tx.Exec("DELETE FROM event_entries WHERE stream_id = ?", id).Error)
			must(t, tx.Exec("DELETE FROM purses WHERE id = ?", id).Error)

			ended := make(chan error)
			go func() { ended <- log.Rebuild(ctx, "purses", nil) }()
			for waiting := 0; waiting == 0; {
				must(t, log.DB().Raw("SELECT COUNT(*) FROM pg_locks WHERE NOT granted").Scan(&waiting).Error)
				select {
				case err := <-ended:
					t.Fatalf("the rebuild does not wait: %v", err)
				case <-time.After(5 * time.Millisecond):
				}
			}
			must(t, release())
			must(t, tx.Commit().Error)
			must(t, <-ended)
			wantVerified(t, ctx, log, "purses")
			all, err := log.Rebuilds(ctx)
			must(t, err)
			if len(all) != 1 {
				t.Errorf("there was one rebuild, and there are %+v", all)
			}
		}
	})
}

// Many at once: each stream is removed once, in several commits, and rows stay what the log
// says.
func TestC19_RetentionUnderTraffic(t *testing.T) {
	const streams = 230
	c, now := rentals()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		now.Set(noon)
		must(t, log.DB().Transaction(func(tx *gorm.DB) error { // which is faster
			for i := range streams {
				for _, ev := range []ireneo.AnyEvent{&Deposited{Amount: 5}, &Closed{}} {
					must(t, Rental.For(fmt.Sprint(i)).AppendTx(ctx, tx, ev))
				}
			}
			return nil
		}))
		folded(t, log)
		now.Set(noon.AddDate(1, 0, 0))
		other := sibling(t, log, c)
		running(t, other)

		removed := traffic(t, ctx, log, other)
		last := retain(t, ctx, log, ireneo.RetainOptions{Remove: true}) // whatever the rebuild has held back
		if sum := removed + last.Streams; sum != streams || len(last.Held) > 0 {
			t.Errorf("%d of %d are removed, %+v are held back", sum, streams, last.Held)
		}
		wantAllRecorded(t, ctx, log, streams)
		eventually(t, other, "purses", "done", done)
		wantVerified(t, ctx, log, "balances", "purses")
		if v, _ := verified(t, ctx, log, "balances"); v.Rows != 20 {
			t.Errorf("%d rows are left", v.Rows)
		}
	})
}

// traffic appends and rebuilds, and retains on both logs at once. It returns how many
// streams were removed.
func traffic(t *testing.T, ctx context.Context, log, other *ireneo.Log) int64 {
	t.Helper()
	var wg sync.WaitGroup
	var removed atomic.Int64
	for _, l := range []*ireneo.Log{log, other} {
		wg.Go(func() {
			all, err := l.Retain(ctx, ireneo.RetainOptions{Remove: true})
			if err != nil || len(all) != 1 {
				t.Errorf("got %+v, %v", all, err)
				return
			}
			removed.Add(all[0].Streams)
		})
	}
	wg.Go(func() {
		for i := range 20 {
			if err := Rental.For(fmt.Sprint("new", i)).Append(ctx, &Deposited{Amount: 1}); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		if err := log.Rebuild(ctx, "balances", nil); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	return removed.Load()
}

// wantAllRecorded expects so many streams of two events each on record, in commits of a
// bearable size.
func wantAllRecorded(t *testing.T, ctx context.Context, log *ireneo.Log, want int64) {
	t.Helper()
	stream, err := log.Stream("ireneo.removal")
	must(t, err)
	var recorded int64
	for _, ev := range collect(t, ctx, stream.For("rental")) {
		r := ev.(*ireneo.StreamsRemoved)
		recorded += r.Streams
		if r.Streams > 100 || r.Events != 2*r.Streams {
			t.Errorf("in one commit: %+v", r)
		}
	}
	if recorded != want {
		t.Errorf("%d are on record, want %d", recorded, want)
	}
}

func TestC19_OpenReportsMistakesOfTheCatalogue(t *testing.T) {
	persisted := ireneo.NewProjection("persisted",
		ireneo.On(func(*Balance, *Deposited, time.Time) {}),
		ireneo.PersistWith(func(context.Context, *gorm.DB, *Balance) error { return nil }),
	)
	log := databases[0].log(t, config())
	_, err := ireneo.Sibling(log, with([]*ireneo.Stream{
		{Type: "never", Purpose: "x", Retention: ireneo.AfterClosing{Years: 1}},
		{Type: "past", Purpose: "x", ClosedBy: "account.closed", Retention: ireneo.AfterClosing{Years: 1, Days: -1}},
		{Type: "elsewhere", Purpose: "x", ClosedBy: "account.closed", Retention: ireneo.AfterClosing{Years: 1}, Transactional: ireneo.Materialize(persisted)},
		{Type: "odd", Purpose: "x", Pattern: "debt-*"},
	}))
	for _, want := range []string{
		"stream never: Retention begins with the closing event", "stream past: Retention is negative",
		"stream elsewhere: Retention would leave behind what PersistWith of persisted writes", "stream odd: no id looks like its Pattern",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not among %v", want, err)
		}
	}
}

func TestAfterClosing_String(t *testing.T) {
	var got []string
	for _, a := range []ireneo.AfterClosing{{}, {Years: 10}, {Years: 1, Months: 6}, {Days: 1}, {Years: 2, Months: 1, Days: 3}} {
		got = append(got, a.String())
	}
	want := []string{"forever", "10 years after closing", "1 year 6 months after closing", "1 day after closing", "2 years 1 month 3 days after closing"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
