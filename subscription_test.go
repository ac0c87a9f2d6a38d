package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var errHandler = errors.New("the handler does not want it")

// heard is what a handler was handed, batch by batch.
type heard chan string

// take waits for the next batch.
func (h heard) take(t testing.TB) string {
	t.Helper()
	select {
	case got := <-h:
		return got
	case <-time.After(10 * time.Second):
		t.Fatal("no batch comes")
		return ""
	}
}

func (h heard) want(t testing.TB, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := h.take(t); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

// subscribed is a configuration with a subscription of all notes, which does what handle
// says of each batch.
func subscribed(handle func(text string) error, change func(*ireneo.Subscription)) (ireneo.Config, heard) {
	h := make(heard, 1000)
	s := &ireneo.Subscription{
		Name:    "notes",
		Filters: []ireneo.Filter{{Types: []string{"account.noted"}}},
		Backoff: time.Millisecond,
		Handle: func(_ context.Context, b ireneo.Batch) error {
			text := notesOf(b.Events)
			if err := handle(text); err != nil {
				return err
			}
			h <- text
			return nil
		},
	}
	change(s)
	c := config()
	c.Subscriptions = []*ireneo.Subscription{s}
	return c, h
}

func willing(string) error              { return nil }
func asItIs(*ireneo.Subscription)       {}
func parks(s *ireneo.Subscription)      { s.Park, s.Attempts = true, 2 }
func oneAttempt(s *ireneo.Subscription) { s.Attempts = 1 }
func refuses(text string) func(string) error {
	return func(got string) error {
		if strings.Contains(got, text) {
			return errHandler
		}
		return nil
	}
}

// running runs the log's subscriptions until the test, or the returned function, ends it.
func running(t testing.TB, log *ireneo.Log) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		log.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
	}
	t.Cleanup(stop)
	return stop
}

// eventually waits until a delivery is as wanted. Nothing tells of a cursor that moves, so
// it asks again and again.
func eventually(t testing.TB, log *ireneo.Log, name string, what string, as func(ireneo.Delivery) bool) ireneo.Delivery {
	t.Helper()
	var last ireneo.Delivery
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(5 * time.Millisecond) {
		all, err := log.Deliveries(context.Background())
		must(t, err)
		i := slices.IndexFunc(all, func(d ireneo.Delivery) bool { return d.Name == name })
		if i < 0 {
			t.Fatalf("there is no %s", name)
		}
		if last = all[i]; as(last) {
			return last
		}
	}
	t.Fatalf("%s is never %s: %+v", name, what, last)
	return last
}

func stopped(d ireneo.Delivery) bool { return d.State == "stopped" }
func done(d ireneo.Delivery) bool    { return d.Position == d.Head }

// noteEach appends each text by itself to journal/id, a log of another process.
func noteEach(t testing.TB, ctx context.Context, id string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		must(t, Journal.For(id).Append(ctx, &Noted{Text: text}))
	}
}

func TestS08_ASubscriptionReplaysThenGoesOnLive(t *testing.T) {
	c, h := subscribed(willing, asItIs)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "one", "two")
		stop := running(t, log)
		h.want(t, "one", "two")
		must(t, Journal.For("b").AppendAll(ctx, append(note("three", "four"), &Deposited{Amount: 1}))) // S03
		h.want(t, "three+four")

		// S13: a restart goes on where it was, whoever goes on.
		stop()
		noteEach(t, ctx, "a", "five")
		running(t, sibling(t, log, c))
		noteEach(t, ctx, "a", "six")
		h.want(t, "five", "six")
		if len(h) > 0 {
			t.Errorf("it was handed %s, too", <-h)
		}
	})
}

func TestS08_ANewSubscriptionMayBeginNow(t *testing.T) {
	c, h := subscribed(willing, func(s *ireneo.Subscription) { s.FromNow = true })
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "old")
		running(t, log)
		eventually(t, log, "notes", "led", func(d ireneo.Delivery) bool { return d.Led })
		noteEach(t, ctx, "a", "new")
		h.want(t, "new")
	})
}

// S05 and F20: what is rolled back, or not committed yet, reaches nobody.
func TestF20_SubscriptionsSeeOnlyTheOutermostCommit(t *testing.T) {
	c, h := subscribed(willing, asItIs)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		rolledBack(t, log, func(tx *gorm.DB) {
			must(t, Journal.For("a").AppendTx(ctx, tx, &Noted{Text: "undone"}))
			must(t, tx.Transaction(func(inner *gorm.DB) error { return Journal.For("a").AppendTx(ctx, inner, &Noted{Text: "undone, too"}) }))
		})
		must(t, log.DB().Transaction(func(tx *gorm.DB) error {
			err := tx.Transaction(func(inner *gorm.DB) error { return Journal.For("a").AppendTx(ctx, inner, &Noted{Text: "inner"}) })
			if len(h) > 0 {
				t.Errorf("it was handed %s before the commit", <-h)
			}
			return errors.Join(err, Journal.For("a").AppendTx(ctx, tx, &Noted{Text: "outer"}))
		}))
		h.want(t, "inner", "outer")
	})
}

func TestS09_TheCursorMovesWithWhatTheHandlerWrites(t *testing.T) {
	var mu sync.Mutex
	fail := true
	c, h := subscribed(willing, asItIs)
	s := c.Subscriptions[0]
	s.Handle, s.Attempts = nil, 1
	s.HandleTx = func(_ context.Context, tx *gorm.DB, b ireneo.Batch) error {
		mu.Lock()
		defer mu.Unlock()
		text := notesOf(b.Events)
		if err := tx.Exec("INSERT INTO owners (id, name) VALUES (?, ?)", text, text).Error; err != nil {
			return err
		}
		if fail {
			return errHandler
		}
		h <- text
		return nil
	}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		fail = true
		running(t, log)
		noteEach(t, ctx, "a", "one")
		d := eventually(t, log, "notes", "stopped", stopped)
		if d.Position != 0 || countRows(t, log, "owners") != 0 {
			t.Errorf("after a failure the cursor is at %d and %d rows are there", d.Position, countRows(t, log, "owners"))
		}
		mu.Lock()
		fail = false
		mu.Unlock()
		must(t, log.Resume(ctx, "notes"))
		h.want(t, "one")
		eventually(t, log, "notes", "done", done)
		if countRows(t, log, "owners") != 1 {
			t.Error("the row is not there")
		}
	})
}

func countRows(t testing.TB, log *ireneo.Log, table string) (n int64) {
	t.Helper()
	must(t, log.DB().Table(table).Count(&n).Error)
	return n
}

func TestS10_AHandlerThatFailsIsTriedAgainAndThenStops(t *testing.T) {
	for name, handle := range map[string]func() error{
		"error": func() error { return errHandler },
		"panic": func() error { panic("the handler panics") },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			calls := 0
			c, h := subscribed(func(text string) error {
				mu.Lock()
				defer mu.Unlock()
				if text != "two" || calls == 4 {
					return nil
				}
				calls++
				return handle()
			}, func(s *ireneo.Subscription) { s.Attempts = 3 })
			c.Subscriptions = append(c.Subscriptions, &ireneo.Subscription{Name: "other", Handle: func(context.Context, ireneo.Batch) error { return nil }})
			each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
				calls = 0
				running(t, log)
				noteEach(t, ctx, "a", "one", "two", "three") // S06: no append fails
				h.want(t, "one")
				d := eventually(t, log, "notes", "stopped", stopped)
				events := collect(t, ctx, Journal.For("a"))
				if d.Position != events[0].Position() || d.FailedAt != events[1].Position() || d.Attempts != 3 || !strings.Contains(d.Reason, "the handler") {
					t.Errorf("it stopped as %+v", d)
				}
				eventually(t, log, "other", "done", done) // S06: others go on
				must(t, log.Resume(ctx, "notes"))
				h.want(t, "two", "three")
				if d := eventually(t, log, "notes", "done", done); d.Reason != "" || d.FailedAt != 0 {
					t.Errorf("it goes on as %+v", d)
				}
			})
		})
	}
}

func TestS11_WhatDoesNotMatchMovesTheCursor(t *testing.T) {
	c, h := subscribed(willing, asItIs)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		for range 3 {
			must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		}
		eventually(t, log, "notes", "done", done)
		if len(h) > 0 {
			t.Errorf("it was handed %s", <-h)
		}
	})
}

func TestS12_AnotherFilterUnderTheSameNameDoesNotRun(t *testing.T) {
	c, h := subscribed(willing, asItIs)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "one")
		stop := running(t, log)
		h.want(t, "one")
		stop()

		text := &safeBuffer{}
		changed, other := subscribed(willing, func(s *ireneo.Subscription) { s.Filters[0].Streams = []string{"account"} })
		changed.Logger = textLogger(text)
		changed.Subscriptions = append(changed.Subscriptions, &ireneo.Subscription{Name: "second", Handle: func(context.Context, ireneo.Batch) error { return nil }})
		log = sibling(t, log, changed)
		running(t, log)
		noteEach(t, ctx, "a", "two")
		eventually(t, log, "second", "done", done)
		d := eventually(t, log, "notes", "refused", func(d ireneo.Delivery) bool { return d.Changed })
		if d.Led || len(other) > 0 || !strings.Contains(text.String(), "another name") {
			t.Errorf("it is %+v, %d batches, logged: %s", d, len(other), text)
		}
	})
}

// S15: of many processes one leads; when it ends another goes on at once.
func TestS15_OneLeadsAndOthersStandBy(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	c, _ := subscribed(func(text string) error {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, text)
		return nil
	}, asItIs)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		seen = nil
		var want []string
		stops := []func(){}
		for range 3 { // the first leads, then the next
			stops = append(stops, running(t, sibling(t, log, c)))
			eventually(t, log, "notes", "led", func(d ireneo.Delivery) bool { return d.Led })
		}
		for i := range 3 {
			for n := range 5 {
				text := fmt.Sprint(i, "-", n)
				want = append(want, text)
				noteEach(t, ctx, "a", text)
			}
			eventually(t, log, "notes", "done", done)
			stops[i]()
		}
		if !slices.Equal(seen, want) {
			t.Errorf("handed out were %v", seen)
		}
	})
}

func TestSubscription_WaitKeepsBehind(t *testing.T) {
	const wait = 300 * time.Millisecond
	c, h := subscribed(willing, func(s *ireneo.Subscription) { s.Wait = wait })
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		noteEach(t, ctx, "a", "one")
		recorded := collect(t, ctx, Journal.For("a"))[0].RecordedAt()
		h.want(t, "one")
		if after := time.Since(recorded); after < wait {
			t.Errorf("it came %s after it was recorded", after)
		}
	})
}

func TestOpen_ReportsMistakesOfSubscriptions(t *testing.T) {
	log := ireneotest.SQLite(t, config())
	handle := func(context.Context, ireneo.Batch) error { return nil }
	for want, s := range map[string]*ireneo.Subscription{
		"lower case":          {Name: "My Notes", Handle: handle},
		"either":              {Name: "notes"},
		"either Handle":       {Name: "notes", Handle: handle, HandleTx: func(context.Context, *gorm.DB, ireneo.Batch) error { return nil }},
		"not be negative":     {Name: "notes", Handle: handle, Attempts: -1},
		"no registered event": {Name: "notes", Handle: handle, Filters: []ireneo.Filter{{Types: []string{"account.note"}}}},
		"has this name":       {Name: "twice", Handle: handle},
	} {
		c := config()
		c.Subscriptions = []*ireneo.Subscription{{Name: "twice", Handle: handle}, s}
		if _, err := ireneo.Sibling(log, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

// S05: whatever keeps an append from being committed keeps it from being delivered.
func TestS05_WhatFailsIsNotDelivered(t *testing.T) {
	c, h := subscribed(willing, func(s *ireneo.Subscription) { s.Filters = nil })
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 5}))
		wantError(t, Account.For("a").Append(ctx, &Deposited{Amount: -1}), ireneo.ErrInvalid)
		wantError(t, Account.For("a").Append(ctx, &Withdrawn{Amount: 6}), ireneo.ErrInvalid)
		wantError(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}, ireneo.ExpectVersion(0)), ireneo.ErrConflict)
		rolledBack(t, log, func(tx *gorm.DB) { must(t, Account.For("a").AppendTx(ctx, tx, &Deposited{Amount: 1})) })
		must(t, log.DB().Exec("ALTER TABLE balances RENAME TO hidden").Error)
		if err := Account.For("a").Append(ctx, &Deposited{Amount: 1}); !errors.As(err, new(*ireneo.ProjectionError)) {
			t.Errorf("without a table: %v", err)
		}
		must(t, log.DB().Exec("ALTER TABLE hidden RENAME TO balances").Error)
		noteEach(t, ctx, "a", "last")
		h.want(t, "account.deposited", "last")
	})
}

// S06: while one handler does not come to an end and others fail, appends go on and so do
// the rest.
func TestS06_HandlersDelayNobody(t *testing.T) {
	gate := make(chan struct{})
	c, h := subscribed(willing, asItIs)
	c.Subscriptions = append(c.Subscriptions,
		&ireneo.Subscription{Name: "slow", Handle: func(ctx context.Context, _ ireneo.Batch) error {
			select {
			case <-gate:
			case <-ctx.Done():
			}
			return ctx.Err()
		}},
		&ireneo.Subscription{Name: "failing", Attempts: 1_000_000, Handle: func(context.Context, ireneo.Batch) error { return errHandler }},
		&ireneo.Subscription{Name: "panicking", Attempts: 1, Handle: func(context.Context, ireneo.Batch) error { panic("it panics") }},
	)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		for n := range 100 {
			noteEach(t, ctx, "a", fmt.Sprint(n))
			h.want(t, fmt.Sprint(n))
		}
		eventually(t, log, "panicking", "stopped", stopped)
		for _, name := range []string{"slow", "failing"} {
			if d := eventually(t, log, name, "led", func(d ireneo.Delivery) bool { return d.Led }); d.Position != 0 || d.State != "running" {
				t.Errorf("it is %+v", d)
			}
		}
	})
	close(gate)
}
