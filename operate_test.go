package ireneo_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// X12: what has stopped stays so across restarts.
func TestX12_SkipGoesPastABatchAndKeepsItOnRecord(t *testing.T) {
	c, h := subscribed(refuses("bad"), oneAttempt)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		wantError(t, log.Skip(ctx, "notes", 1, "why not"), ireneo.ErrUnknownSubscription)
		stop := running(t, log)
		noteEach(t, ctx, "a", "bad", "good")
		eventually(t, log, "notes", "stopped", stopped)
		stop()
		running(t, sibling(t, log, c))
		noteEach(t, ctx, "a", "better")
		at := eventually(t, log, "notes", "stopped", stopped).FailedAt

		wantError(t, log.Skip(ctx, "notes", at, ""), ireneo.ErrNoReason)
		wantError(t, log.Skip(ctx, "notes", at+1, "it is another one"), ireneo.ErrNothingFailed)
		must(t, log.Skip(ctx, "notes", at, "it is a duplicate"))
		h.want(t, "good", "better")
		letters, err := log.DeadLetters(ctx, "notes")
		must(t, err)
		if len(letters) != 1 || !letters[0].Skipped || letters[0].Streams[0] != "journal/a" ||
			!strings.Contains(letters[0].Error, "does not want") || !strings.Contains(letters[0].Error, "duplicate") {
			t.Errorf("on record is %+v", letters)
		}
		wantError(t, log.Skip(ctx, "notes", at, "again"), ireneo.ErrNothingFailed)
	})
}

func TestS10_ParkedBatchesKeepTheOrderOfTheirStreams(t *testing.T) {
	var mu sync.Mutex
	bad := "bad"
	set := func(s string) { mu.Lock(); defer mu.Unlock(); bad = s }
	c, h := subscribed(func(text string) error {
		mu.Lock()
		defer mu.Unlock()
		return refuses(bad)(text)
	}, parks)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		set("bad")
		stop := running(t, log)
		noteEach(t, ctx, "a", "good", "bad", "after")
		noteEach(t, ctx, "b", "other")
		h.want(t, "good", "other")
		d := eventually(t, log, "notes", "done", done)
		if d.State != "running" || d.Parked != 2 {
			t.Errorf("it is %+v", d)
		}
		stop()
		running(t, sibling(t, log, c)) // it is known after a restart, too
		noteEach(t, ctx, "a", "last")
		eventually(t, log, "notes", "holding three", func(d ireneo.Delivery) bool { return d.Parked == 3 })

		replay(t, ctx, log, 3)
		eventually(t, log, "notes", "holding three", func(d ireneo.Delivery) bool { return d.Parked == 3 && allTried(t, log) })
		set("nothing")
		replay(t, ctx, log, 3)
		h.want(t, "bad", "after", "last")
		eventually(t, log, "notes", "holding nothing", func(d ireneo.Delivery) bool { return d.Parked == 0 })
		noteEach(t, ctx, "a", "free")
		h.want(t, "free")
	})
}

func allTried(t testing.TB, log *ireneo.Log) bool {
	letters, err := log.DeadLetters(context.Background(), "notes")
	must(t, err)
	return !slices.ContainsFunc(letters, func(d ireneo.DeadLetter) bool { return d.Attempts == 0 })
}

func replay(t testing.TB, ctx context.Context, log *ireneo.Log, want int) {
	t.Helper()
	if n, err := log.Retry(ctx, "notes"); n != want || err != nil {
		t.Fatalf("replays %d, %v; want %d", n, err, want)
	}
}

func TestPause(t *testing.T) {
	c, h := subscribed(willing, asItIs)
	c.Subscriptions = append(c.Subscriptions, &ireneo.Subscription{Name: "other", Handle: func(context.Context, ireneo.Batch) error { return nil }})
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running(t, log)
		noteEach(t, ctx, "a", "one")
		h.want(t, "one")
		must(t, log.Pause(ctx, "notes", "the mail server moves"))
		eventually(t, log, "notes", "paused", func(d ireneo.Delivery) bool { return d.State == "paused" && d.Reason != "" })
		noteEach(t, ctx, "a", "two")
		eventually(t, log, "other", "done", done)
		if len(h) > 0 {
			t.Errorf("while it is paused it was handed %s", <-h)
		}
		must(t, log.Resume(ctx, "notes"))
		h.want(t, "two")
		for _, err := range []error{log.Pause(ctx, "note", ""), log.Resume(ctx, "note")} {
			wantError(t, err, ireneo.ErrUnknownSubscription)
		}
	})
}

// A stream of which a batch was skipped is not held, even where its subscription parks now.
func TestX12_WhatWasSkippedHoldsNothing(t *testing.T) {
	c, h := subscribed(refuses("bad"), oneAttempt)
	parking, _ := subscribed(willing, parks)
	parking.Subscriptions[0].Handle = c.Subscriptions[0].Handle
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		stop := running(t, log)
		noteEach(t, ctx, "a", "bad")
		at := eventually(t, log, "notes", "stopped", stopped).FailedAt
		stop()
		must(t, log.Skip(ctx, "notes", at, "it is a duplicate"))
		running(t, sibling(t, log, parking))
		noteEach(t, ctx, "a", "good")
		h.want(t, "good")
	})
}

// What was done outside a transaction while somebody paused it is not done again.
func TestPause_DoesNotRepeatWhatIsBeingDone(t *testing.T) {
	begun, gate := make(chan struct{}, 10), make(chan struct{}, 10)
	c, h := subscribed(func(string) error {
		begun <- struct{}{}
		<-gate
		return nil
	}, asItIs)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := sibling(t, log, c) // which pauses it from outside
		running(t, log)
		noteEach(t, ctx, "a", "one", "two")
		<-begun
		must(t, other.Pause(ctx, "notes", "the mail server moves"))
		gate <- struct{}{}
		h.want(t, "one")
		eventually(t, log, "notes", "past the first", func(d ireneo.Delivery) bool { return d.Position > 0 })
		gate <- struct{}{}
		must(t, other.Resume(ctx, "notes"))
		h.want(t, "two")
		eventually(t, log, "notes", "done", done)
		<-begun
		if len(begun) > 0 {
			t.Errorf("it was handed %d batches too many", len(begun))
		}
	})
}

// Whoever keeps a transaction open is found.
func TestHeldBack(t *testing.T) {
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		began := time.Now().Add(-time.Second)
		noteEach(t, ctx, "a", "done")
		tx := log.DB().Begin()
		var pid int
		must(t, tx.Raw("SELECT pg_backend_pid()").Scan(&pid).Error)
		must(t, Journal.For("b").AppendTx(ctx, tx, &Noted{Text: "open"}))
		held, err := log.HeldBack(ctx)
		must(t, err)
		if len(held) != 1 || held[0].Process != pid || held[0].State != "idle in transaction" || held[0].Since.Before(began) {
			t.Errorf("held back by %+v, want process %d", held, pid)
		}
		must(t, tx.Commit().Error)
		if held, err := log.HeldBack(ctx); err != nil || len(held) != 0 {
			t.Errorf("held back by %+v, %v", held, err)
		}
	})
	log := ireneotest.SQLite(t, config())
	if held, err := log.HeldBack(t.Context()); err != nil || len(held) != 0 {
		t.Errorf("held back by %+v, %v", held, err)
	}
}

// A lost leader may leave a transaction open that holds its cursor. Nobody can take that
// over before it ends, but the others go on, and everything can be looked at.
func TestS15_ALockedCursorDelaysNobodyElse(t *testing.T) {
	c, h := subscribed(willing, asItIs)
	other := make(heard, 10)
	c.Lease = 2 * time.Second
	c.Subscriptions = append(c.Subscriptions, &ireneo.Subscription{Name: "other", Handle: func(_ context.Context, b ireneo.Batch) error {
		other <- notesOf(b.Events)
		return nil
	}})
	postgresOnly(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := log.Deliveries(ctx)
		must(t, err)
		lost := log.DB().Begin()
		must(t, lost.Exec("UPDATE event_subscriptions SET position = position WHERE name = 'notes'").Error)
		running(t, log)
		noteEach(t, ctx, "a", "one")
		other.want(t, "one")
		eventually(t, log, "other", "done", done)
		if len(h) > 0 {
			t.Errorf("it was handed %s behind a lock", <-h)
		}
		must(t, lost.Rollback().Error)
		h.want(t, "one")
	})
}

// However long the error was, the reason for skipping it stays on record.
func TestSkip_KeepsTheReason(t *testing.T) {
	c, _ := subscribed(func(string) error { return errors.New(strings.Repeat("é", 10_000)) }, oneAttempt)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		stop := running(t, log)
		noteEach(t, ctx, "a", "bad")
		at := eventually(t, log, "notes", "stopped", stopped).FailedAt
		stop()
		must(t, log.Skip(ctx, "notes", at, "it is a duplicate"))
		letters, err := log.DeadLetters(ctx, "notes")
		must(t, err)
		if len(letters) != 1 || !strings.HasPrefix(letters[0].Error, "éé") || !strings.HasSuffix(letters[0].Error, "skipped: it is a duplicate") {
			t.Errorf("got %d letters, the first ends in %q", len(letters), letters[0].Error[max(0, len(letters[0].Error)-40):])
		}
	})
}
