package ireneo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// notedV2 is what a newer program takes Noted for.
type notedV2 struct {
	ireneo.Event `name:"account.noted"`

	Text string `json:"text"`
}

func (notedV2) Upcasts() []ireneo.Upcast {
	return []ireneo.Upcast{func(data map[string]any) error {
		if data["text"] == "bad" {
			return errHandler
		}
		return nil
	}}
}

// newer is a configuration of the program that has notedV2.
func newer(c ireneo.Config) ireneo.Config {
	c.Events = slices.Clone(c.Events)
	c.Events[4] = ireneo.TypeOf[notedV2]()
	return c
}

// A batch that cannot even be filtered is put aside like any other, and tried again without
// keeping up the rest.
func TestS10_ABatchThatCannotBeFilteredIsParked(t *testing.T) {
	h := make(heard, 10)
	c, _ := subscribed(willing, parks)
	s := c.Subscriptions[0]
	s.Filters = []ireneo.Filter{{Types: []string{"account.noted"}, Data: map[string]any{}}}
	s.Handle = func(_ context.Context, b ireneo.Batch) error { h <- b.Events[0].StreamID(); return nil }
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "bad")
		other := sibling(t, log, newer(c))
		running(t, other)
		eventually(t, other, "notes", "parked", func(d ireneo.Delivery) bool { return d.Parked == 1 && done(d) })
		if n, err := other.Retry(ctx, "notes"); n != 1 || err != nil {
			t.Fatalf("retries %d, %v", n, err)
		}
		noteEach(t, ctx, "b", "good")
		h.want(t, "b")
		eventually(t, other, "notes", "parked again", func(d ireneo.Delivery) bool { return d.Parked == 1 && allTried(t, other) })
	})
}

// A handler that does not come to its end, though it is to, costs no other its lease.
func TestS15_ASlowHandlerThatIsPausedKeepsNobodysLease(t *testing.T) {
	began, release := make(chan bool, 10), make(chan bool, 10)
	c := config()
	c.Lease = time.Second
	c.Subscriptions = []*ireneo.Subscription{
		{Name: "slow", Handle: func(context.Context, ireneo.Batch) error { began <- true; <-release; return nil }},
		{Name: "other", Handle: func(context.Context, ireneo.Batch) error { return nil }},
	}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		defer func() { release <- true }()
		noteEach(t, ctx, "a", "one")
		<-began
		eventually(t, log, "other", "done", done)
		must(t, log.Pause(ctx, "slow", "because"))
		for until := time.Now().Add(2 * c.Lease); time.Now().Before(until); <-time.After(50 * time.Millisecond) {
			for _, d := range deliveries(t, log) {
				if d.Name == "other" && !d.Led {
					t.Fatal("the lease has lapsed, although the process is well")
				}
			}
		}
		noteEach(t, ctx, "a", "two")
		eventually(t, log, "other", "done", done)
	})
}

// A rebuild fences off the leader of the program before: else that would pass over what it
// does not select.
func TestS20_ARebuildTakesTheLeadFromAnotherProgram(t *testing.T) {
	wider := ireneo.NewProjection("payers",
		ireneo.OnBy(func(e *Deposited) string { return e.Note }, func(p *Payer, e *Deposited, _ time.Time) { p.Amount += e.Amount; p.Times++ }),
		ireneo.OnBy(func(e *Noted) string { return e.Text }, func(p *Payer, _ *Noted, _ time.Time) { p.Times += 100 }))
	next := asyncConfig()
	next.Projections = []ireneo.AnyProjection{wider}
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 5, Note: "p"}))
		eventually(t, log, "payers", "done", done)

		other := sibling(t, log, next)
		running(t, other)
		must(t, other.Rebuild(ctx, "payers", nil))
		noteEach(t, ctx, "n", "p")
		eventually(t, other, "payers", "done", done)
		wantVerified(t, ctx, other, "payers")
		wantPayer(t, ctx, "p", 5, 101)
	})
}

// Where a cursor cannot be stored what was done is not done again and again.
func TestS09_WhatWasDoneIsNotRepeatedWhileTheCursorCannotBeStored(t *testing.T) {
	var calls atomic.Int64
	c := config()
	c.Subscriptions = []*ireneo.Subscription{{
		Name: "mails", Backoff: time.Millisecond, Handle: func(context.Context, ireneo.Batch) error { calls.Add(1); return nil },
	}}
	text := &safeBuffer{}
	c.Logger = textLogger(text)
	log := ireneotest.SQLite(t, c)
	ctx := ireneo.WithLog(t.Context(), log)
	must(t, log.DB().Exec("CREATE TRIGGER full BEFORE UPDATE OF position ON event_subscriptions BEGIN SELECT RAISE(ABORT, 'as on a full disk'); END").Error)
	running(t, log)
	noteEach(t, ctx, "a", "one")
	for deadline := time.Now().Add(10 * time.Second); strings.Count(text.String(), "as on a full disk") < 5; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it is not tried again: %s", text)
		}
	}
	must(t, log.DB().Exec("DROP TRIGGER full").Error)
	eventually(t, log, "mails", "done", done)
	if calls.Load() != 1 {
		t.Errorf("the handler was called %d times", calls.Load())
	}
}

// A transaction that its handler has broken without saying so fails like the handler.
func TestS10_AHandlerThatKeepsAnErrorToItselfStops(t *testing.T) {
	c := config()
	c.Subscriptions = []*ireneo.Subscription{{
		Name: "notes", Attempts: 2, Backoff: time.Millisecond,
		HandleTx: func(_ context.Context, tx *gorm.DB, _ ireneo.Batch) error {
			tx.Exec("INSERT INTO owners (id, name) VALUES ('a', 'a')") // is there already
			return nil
		},
	}}
	postgresOnly(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) { // SQLite goes on after it
		must(t, log.DB().Exec("INSERT INTO owners (id, name) VALUES ('a', 'a')").Error)
		running(t, log)
		noteEach(t, ctx, "a", "one")
		if d := eventually(t, log, "notes", "stopped", stopped); d.Attempts != 2 || !strings.Contains(d.Reason, "committed") {
			t.Errorf("it stopped as %+v", d)
		}
	})
}

// Whatever the text of an error holds, it is on record.
func TestS10_ErrorsOfAnyTextAreOnRecord(t *testing.T) {
	nasty := errors.New("upstream said \x00\xff" + strings.Repeat("x", 1<<20))
	for name, change := range map[string]func(*ireneo.Subscription){"stop": oneAttempt, "park": parks} {
		t.Run(name, func(t *testing.T) {
			c, _ := subscribed(func(string) error { return nasty }, change)
			each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
				running(t, log)
				noteEach(t, ctx, "a", "one")
				d := eventually(t, log, "notes", "told", func(d ireneo.Delivery) bool { return stopped(d) || d.Parked == 1 })
				letters, err := log.DeadLetters(ctx, "notes")
				must(t, err)
				reason := d.Reason
				if len(letters) > 0 {
					reason = letters[0].Error
				}
				if !strings.HasPrefix(reason, "upstream said \uFFFD\uFFFDx") || len(reason) > 20_000 {
					t.Errorf("on record are %d bytes: %.40q", len(reason), reason)
				}
			})
		})
	}
}

// The way out needs no second connection.
func TestSkip_WithOneConnection(t *testing.T) {
	url := ireneotest.PostgresURL(t)
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	st, err := postgres.Open(t.Context(), url+separator+"pool_max_conns=1")
	c, _ := subscribed(refuses("bad"), oneAttempt)
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	log, err := ireneo.Open(st, c)
	must(t, err)
	must(t, log.Migrate(t.Context()))
	ctx := ireneo.WithLog(t.Context(), log)
	stop := running(t, log)
	noteEach(t, ctx, "a", "bad")
	at := eventually(t, log, "notes", "stopped", stopped).FailedAt
	stop()
	within, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	must(t, log.Skip(within, "notes", at, "it is a duplicate"))
}

// An old program that meets an event of a newer one steps aside for it.
func TestS15_AnOldProgramStepsAside(t *testing.T) {
	old, _ := subscribed(willing, asItIs)
	c, _ := subscribed(willing, asItIs)
	h := make(heard, 10)
	c.Subscriptions[0].Handle = func(_ context.Context, b ireneo.Batch) error { h <- b.Events[0].Type(); return nil }
	each(t, old, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		eventually(t, log, "notes", "led", func(d ireneo.Delivery) bool { return d.Led })
		next := sibling(t, log, newer(c))
		must(t, Journal.For("a").Append(ireneo.WithLog(ctx, next), &notedV2{Text: "two"}))
		d := eventually(t, log, "notes", "given up", func(d ireneo.Delivery) bool { return !d.Led })
		if d.State != "running" {
			t.Errorf("it is %+v", d)
		}
		running(t, next)
		h.want(t, "account.noted")
		eventually(t, next, "notes", "done", done)
	})
}

// A database that is busy for long is not the fault of what is to be written to it.
func TestS10_ABusyDatabaseStopsNobody(t *testing.T) {
	c, _ := subscribed(willing, oneAttempt)
	c.Subscriptions[0].Handle = nil
	c.Subscriptions[0].HandleTx = func(context.Context, *gorm.DB, ireneo.Batch) error { return nil }
	text := &safeBuffer{}
	c.Logger = textLogger(text)
	log := ireneotest.SQLite(t, c)
	ctx := ireneo.WithLog(t.Context(), log)
	var file string
	must(t, log.DB().Raw("SELECT file FROM pragma_database_list WHERE name = 'main'").Scan(&file).Error)
	other, err := sqlite.Open(t.Context(), file)
	must(t, err)
	t.Cleanup(func() { must(t, other.Close()) })
	noteEach(t, ctx, "a", "one")
	_, err = log.Deliveries(ctx)
	must(t, err)

	running(t, log)
	eventually(t, log, "notes", "done", done)
	noteEach(t, ctx, "a", "two")
	held := other.DB().Begin()
	must(t, held.Error)
	for deadline := time.Now().Add(30 * time.Second); !strings.Contains(text.String(), "busy"); <-time.After(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("nothing is said of it: %s", text)
		}
	}
	must(t, held.Rollback().Error)
	noteEach(t, ctx, "a", "three")
	if d := eventually(t, log, "notes", "done", done); d.State != "running" {
		t.Errorf("it is %+v", d)
	}
}
