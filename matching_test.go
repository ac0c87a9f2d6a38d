package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
)

// named selects notes with a text.
func named(text string) []ireneo.Filter {
	return []ireneo.Filter{{Types: []string{"account.noted"}, Data: map[string]any{"text": text}}}
}

func TestS17_AppendIfFailsWhereSomethingMatchesAfterThePosition(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("x").Append(ctx, &Noted{Text: "ann"}))
		found, position, err := log.Matching(ctx, named("ann")...)
		must(t, err)
		if len(found) != 1 || found[0].(*Noted).Text != "ann" || position != found[0].Position() {
			t.Fatalf("found %v up to %d", found, position)
		}

		must(t, Journal.For("y").Append(ctx, &Noted{Text: "bob"})) // does not match
		must(t, Journal.For("a").AppendIf(ctx, named("ann"), position, &Noted{Text: "first"}, &Noted{Text: "ann"}))
		second := &Noted{Text: "second"}
		err = Journal.For("b").AppendIf(ctx, named("ann"), position, second)
		var matched *ireneo.MatchedError
		if !errors.As(err, &matched) || !errors.Is(err, ireneo.ErrConflict) || matched.Position != position || matched.Event.(*Noted).Text != "ann" {
			t.Fatalf("error is %v", err)
		}
		if second.Persisted() {
			t.Error("the event says that it is stored")
		}
		wantVersion(t, ctx, Journal.For("a"), 2)
		wantVersion(t, ctx, Journal.For("b"), 0)

		wantError(t, Journal.For("b").AppendIf(ctx, named("ann"), 0, second), ireneo.ErrConflict)
		must(t, Journal.For("b").AppendIf(ctx, named("cleo"), 0, second))
		wantError(t, Journal.For("b").AppendIf(ctx, nil, position, second), ireneo.ErrConflict)
		wantError(t, Journal.For("b").AppendIf(ctx, []ireneo.Filter{{Types: []string{"nobody.knows"}}}, 0, second), ireneo.ErrUnknownEvent)
		wantError(t, Journal.For("b").AppendIf(ctx, named("x"), 0), ireneo.ErrNothingToAppend)
	})
}

func TestS17_OfManyWhoClaimANameOneGetsIt(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		for round := range 15 {
			name := fmt.Sprint("name", round)
			filters := named(name)
			filters[0].Types = [][]string{{"account.noted"}, {"account.*"}, nil}[round%3]
			var claimed atomic.Int64
			var wg sync.WaitGroup
			for i := range 6 {
				ctx := []context.Context{ctx, other}[i%2]
				h := Journal.For(fmt.Sprint(round, "-", i))
				wg.Go(func() {
					var err error
					if i < 3 {
						err = h.AppendIf(ctx, filters, 0, &Noted{Text: name})
					} else {
						_, err = ireneo.Execute(ctx, claim(t, h, name, filters), ireneo.Retry(ireneo.Fixed(100, time.Millisecond)))
					}
					switch {
					case err == nil:
						claimed.Add(1)
					case !errors.Is(err, ireneo.ErrConflict) && !errors.Is(err, ireneo.ErrInvalid):
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if claimed.Load() != 1 {
				t.Fatalf("round %d: %d got it", round, claimed.Load())
			}
		}
	})
}

// claim is a command within a boundary drawn by a query.
func claim(t testing.TB, h *ireneo.Handle, name string, filters []ireneo.Filter) *Decide {
	return &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
		taken, err := b.Matching(ctx, filters...)
		if err != nil {
			return err
		}
		if len(taken) > 0 {
			return b.Reject("", "It is taken.")
		}
		mine, err := ireneo.Load(ctx, b, h, AccountPosition)
		if err != nil {
			return err
		}
		mine.Append(&Noted{Text: name})
		return nil
	}}
}

func TestS17_WhatWasAppendedMeanwhileByAnyMeansIsSeen(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			taken, err := b.Matching(ctx, named("ann")...)
			must(t, err)
			if b.Attempt() == 1 {
				must(t, Journal.For("plain").Append(other, &Noted{Text: "ann"}))
			}
			if len(taken) > 0 {
				return b.Reject("", "It is taken.")
			}
			return nil // and nothing is to be written
		}})
		wantError(t, err, ireneo.ErrInvalid)
	})
}

func TestS17_WhatWasReadAndWhatWasFoundWasSoAtOneMoment(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		both := &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			loaded(t, ctx, b, "a").Append(&Noted{Text: "ann"})
			return nil
		}}
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			a := loaded(t, ctx, b, "a")
			if b.Attempt() == 1 {
				_, err := ireneo.Execute(other, both)
				must(t, err)
			}
			found, err := b.Matching(ctx, named("ann")...)
			must(t, err)
			if int64(len(found)) != a.Version() {
				return b.Reject("", fmt.Sprint("The account has ", a.Version(), " events, found are ", len(found)))
			}
			return nil
		}})
		must(t, err)
	})
}

func TestS17_EachQueryIsReadInWholeAndProved(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		notes := make([]ireneo.AnyEvent, 700)
		for i := range notes {
			notes[i] = &Noted{Text: "ann"}
		}
		must(t, Journal.For("a").AppendAll(ctx, notes)) // whole pages do not end where appends do
		must(t, Journal.For("b").AppendAll(ctx, notes))

		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			for name, want := range map[string]int{"ann": 1399 + b.Attempt(), "bob": 0} {
				found, err := b.Matching(ctx, named(name)...)
				must(t, err)
				if len(found) != want {
					t.Errorf("found %d of %s, want %d", len(found), name, want)
				}
			}
			mine, err := ireneo.Load(ctx, b, Journal.For("c"), AccountPosition)
			must(t, err)
			mine.Append(&Noted{Text: "cleo"})
			must(t, Journal.For("d").Append(other, &Noted{Text: []string{"ann", "bob"}[b.Attempt()-1]}))
			return nil
		}}, ireneo.Retry(ireneo.Fixed(1, 0)))
		wantError(t, err, ireneo.ErrConflict)
	})
}

func TestS17_AnAppendUnderWayIsWaitedFor(t *testing.T) {
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, position, err := log.Matching(ctx, named("ann")...)
		must(t, err)
		claimed := make(chan error, 1)
		must(t, log.DB().Transaction(func(tx *gorm.DB) error {
			must(t, Journal.For("host").AppendTx(ctx, tx, &Noted{Text: "ann"})) // lower, and not to be seen yet
			go func() { claimed <- Journal.For("mine").AppendIf(ctx, named("ann"), position, &Noted{Text: "ann"}) }()
			waitUntil(t, func() bool { // it has drawn a position and waits
				held, err := log.HeldBack(ctx)
				must(t, err)
				return len(held) == 2
			})
			return nil
		}))
		wantError(t, <-claimed, ireneo.ErrConflict)
	})
}

func TestS17_ATransactionThatStaysOpenMakesItBusy(t *testing.T) {
	c := config()
	c.CommitTimeout = 300 * time.Millisecond
	postgresOnly(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		rolledBack(t, log, func(tx *gorm.DB) {
			must(t, Journal.For("host").AppendTx(ctx, tx, &Noted{Text: "ann"}))
			err := Journal.For("mine").AppendIf(ctx, named("ann"), 0, &Noted{Text: "ann"})
			if !errors.Is(err, ireneo.ErrBusy) || !strings.Contains(err.Error(), "older transaction") {
				t.Errorf("error is %v", err)
			}
		})
		must(t, Journal.For("mine").AppendIf(ctx, named("ann"), 0, &Noted{Text: "ann"}))
	})
}

func TestC21_StreamsAreReadTogetherInOneOrder(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		var want []string
		for i := range 2500 { // three pages
			id := fmt.Sprint("d", i%3)
			must(t, Journal.For(id).Append(ctx, &Noted{Text: fmt.Sprint(i)}))
			if i%3 < 2 {
				want = append(want, fmt.Sprint(i))
			}
		}
		must(t, Account.For("d0").Append(ctx, &Noted{Text: "customer"}))
		want = append(want, "customer")

		both := []*ireneo.Handle{Journal.For("d1"), Account.For("d0"), Journal.For("d0"), Journal.For("d1"), Journal.For("none")}
		read := func(opts ...ireneo.ReplayOption) (got []string) {
			for ev, err := range ireneo.Together(ctx, both, opts...) {
				must(t, err)
				got = append(got, ev.(*Noted).Text)
			}
			return got
		}
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Errorf("together (-want +got):\n%s", diff)
		}
		if got := read(ireneo.AsOf(time.Now().Add(-time.Hour))); len(got) != 0 {
			t.Errorf("an hour ago there were %d", len(got))
		}
		n := 0
		for _, err := range ireneo.Together(ctx, both) {
			must(t, err)
			if n++; n == 3 {
				break
			}
		}
		for _, err := range ireneo.Together(ctx, both, ireneo.AtVersion(2)) {
			if err == nil {
				t.Error("a version of several streams")
			}
		}
		for _, err := range ireneo.Together(ctx, []*ireneo.Handle{Journal.For("")}) {
			wantError(t, err, ireneo.ErrInvalidID)
		}
		for ev, err := range ireneo.Together(ctx, nil) {
			t.Errorf("nothing has %v, error %v", ev, err)
		}
	})
}

// waitUntil asks until something is so.
func waitUntil(t testing.TB, so func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for !so() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it never was")
		}
	}
}

func TestS17_WhatIsCommittedButHeldBackIsPartOfTheBoundary(t *testing.T) {
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		rolledBack(t, log, func(tx *gorm.DB) {
			must(t, Journal.For("host").AppendTx(ctx, tx, &Noted{Text: "bob"})) // holds back what comes now
			must(t, Journal.For("x").Append(ctx, &Noted{Text: "ann"}))
			_, err := ireneo.Execute(ctx, claim(t, Journal.For("y"), "ann", named("ann")), ireneo.Retry(ireneo.NoRetry()))
			wantError(t, err, ireneo.ErrInvalid) // it is taken
		})
		_, err := ireneo.Execute(ctx, claim(t, Journal.For("y"), "cleo", named("cleo")), ireneo.Retry(ireneo.NoRetry()))
		must(t, err)
	})
}
