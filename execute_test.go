package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
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

// Transfer moves money from one account to another.
type Transfer struct {
	ireneo.Command `name:"account.transfer"`

	From   string `json:"from"   validate:"required"`
	To     string `json:"to"     validate:"required,nefield=From"`
	Amount int64  `json:"amount" validate:"gt=0"`
	Secret string `json:"secret" sensitive:"true"`
}

func (c *Transfer) Loads() []ireneo.Reading {
	return []ireneo.Reading{AccountPosition.Of(Account.For(c.From)), AccountPosition.Of(Account.For(c.To))}
}

func (c *Transfer) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, Account.For(c.From), AccountPosition)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, Account.For(c.To), AccountPosition)
	if err != nil {
		return err
	}
	if from.State.Balance < c.Amount {
		return b.Reject("amount", "exceeds the balance")
	}
	from.Append(&Withdrawn{Amount: c.Amount})
	to.Append(&Deposited{Amount: c.Amount})
	return nil
}

// Decide is a command that a test decides by itself.
type Decide struct {
	ireneo.Command `name:"test.decide"`

	by func(ctx context.Context, b *ireneo.Boundary) error
}

func (c *Decide) Handle(ctx context.Context, b *ireneo.Boundary) error { return c.by(ctx, b) }

// loaded loads an account or ends the test.
func loaded(t testing.TB, ctx context.Context, b *ireneo.Boundary, id string) *ireneo.Loaded[Position] {
	t.Helper()
	account, err := ireneo.Load(ctx, b, Account.For(id), AccountPosition)
	if err != nil {
		t.Errorf("load %s: %v", id, err)
		return nil
	}
	return account
}

// counting counts what a log asks of its store.
type counting struct {
	store.Store
	reads, inserts atomic.Int64
	records        atomic.Int64             // that were read
	fail           func(*store.Batch) error // instead of inserting; nil: insert
	away, blind    atomic.Int64             // so many reads, and looks at parts of the log, find no database
}

func (c *counting) Read(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	c.reads.Add(1)
	if c.away.Load() > 0 {
		c.away.Add(-1)
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, store.ErrUnavailable) }
	}
	return func(yield func(store.Record, error) bool) {
		for r, err := range c.Store.Read(ctx, q) {
			if c.records.Add(1); !yield(r, err) {
				return
			}
		}
	}
}

func (c *counting) Browse(ctx context.Context, q store.Browse) ([]store.Record, error) {
	if c.blind.Load() > 0 {
		c.blind.Add(-1)
		return nil, store.ErrUnavailable
	}
	return c.Store.Browse(ctx, q)
}

func (c *counting) Insert(ctx context.Context, batches ...*store.Batch) error {
	c.inserts.Add(1)
	if c.fail != nil {
		if err := c.fail(batches[0]); err != nil {
			return err
		}
	}
	return c.Store.Insert(ctx, batches...)
}

// counted opens a second log on the same database, with nothing in memory, that counts.
func counted(t testing.TB, log *ireneo.Log) (context.Context, *counting) {
	t.Helper()
	c := &counting{Store: ireneo.StoreOf(log)}
	other, err := ireneo.Open(c, config())
	must(t, err)
	return ireneo.WithLog(t.Context(), other), c
}

func TestC01_AnEmptyStreamIsVersionZero(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for range 2 { // not in memory, and then perhaps
			_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				empty := loaded(t, ctx, b, "nobody")
				if empty.Version() != 0 || *empty.State != (Position{}) || empty.ID() != "nobody" {
					t.Errorf("%s is at version %d with %+v", empty.ID(), empty.Version(), *empty.State)
				}
				note, err := ireneo.Load(ctx, b, Journal.For("nothing"), AccountPosition)
				if err != nil || note.Version() != 0 {
					t.Errorf("the journal is at %v, error %v", note, err)
				}
				return nil
			}})
			must(t, err)
		}
	})
}

func TestC02_ACommandWritesToManyStreamsInOneCommit(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 100}))

		result, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 30})
		must(t, err)
		if result.Attempts != 1 || result.Repeated || result.ID == "" {
			t.Errorf("result is %+v", result)
		}
		var got []string
		for _, ev := range result.Events {
			got = append(got, fmt.Sprintf("%s %s %d %v", ev.Type(), ev.StreamID(), ev.Version(), ev.Position() == result.Position && ev.Persisted()))
		}
		if diff := cmp.Diff([]string{"account.withdrawn a 2 true", "account.deposited b 1 true"}, got); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		wantBalance(t, ctx, "a", 70)
		wantBalance(t, ctx, "b", 30)

		cmd := &Transfer{From: "a", To: "b", Amount: 71}
		var rejected *ireneo.RejectedError
		if _, err = ireneo.Execute(ctx, cmd); !errors.As(err, &rejected) || !errors.Is(err, ireneo.ErrInvalid) {
			t.Fatalf("error is %v", err)
		}
		if got, want := fmt.Sprint(cmd.Errors().On("amount")), "[Amount exceeds the balance]"; got != want {
			t.Errorf("messages are %s, not %s", got, want)
		}
		wantBalance(t, ctx, "a", 70)
		wantBalance(t, ctx, "b", 30)
	})
}

func TestC02_EventsOfAllStreamsShareOneBatchInTheOrderGiven(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		result, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			z, a := loaded(t, ctx, b, "z"), loaded(t, ctx, b, "a")
			z.Append(&Deposited{Amount: 1}, &Deposited{Amount: 2})
			a.Append(&Deposited{Amount: 3})
			z.Append(&Deposited{Amount: 4})
			return nil
		}})
		must(t, err)
		var got []string
		for ev, err := range ireneo.Together(ctx, []*ireneo.Handle{Account.For("a"), Account.For("z"), Account.For("a")}) {
			must(t, err)
			got = append(got, fmt.Sprint(ev.StreamID(), ev.Version(), ev.(*Deposited).Amount, ev.Position() == result.Position))
		}
		if diff := cmp.Diff([]string{"z1 1 true", "z2 2 true", "a1 3 true", "z3 4 true"}, got); diff != "" {
			t.Errorf("the log (-want +got):\n%s", diff)
		}
	})
}

func TestC03_OnlyWhatWasReadIsWrittenTo(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		var kept *ireneo.Loaded[Position]
		var boundary *ireneo.Boundary
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			wantError(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}), ireneo.ErrDeciding)
			wantError(t, Account.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}}), ireneo.ErrDeciding)
			wantError(t, Account.For("a").AppendIf(ctx, nil, 0, &Deposited{Amount: 1}), ireneo.ErrDeciding)
			rolledBack(t, log, func(tx *gorm.DB) {
				wantError(t, Account.For("a").AppendTx(ctx, tx, &Deposited{Amount: 1}), ireneo.ErrDeciding)
			})
			_, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 1})
			wantError(t, err, ireneo.ErrDeciding)
			kept, boundary = loaded(t, ctx, b, "a"), b
			return nil
		}})
		must(t, err)

		if _, err := ireneo.Load(ctx, boundary, Account.For("b"), AccountPosition); err == nil || !strings.Contains(err.Error(), "has returned") {
			t.Errorf("loading afterwards is %v", err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("appending afterwards was accepted")
				}
			}()
			kept.Append(&Deposited{Amount: 1})
		}()
		wantVersion(t, ctx, Account.For("a"), 0)
	})
}

func TestC04_WhatIsDeclaredIsReadInOneRoundTrip(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 100}))
		must(t, Account.For("b").Append(ctx, &Deposited{Amount: 1}))

		cold, c := counted(t, log)
		for i, want := range []int64{1, 0} { // the second time all is in memory, and the commit proves it
			c.reads.Store(0)
			_, err := ireneo.Execute(cold, &Transfer{From: "a", To: "b", Amount: 10})
			must(t, err)
			if got := c.reads.Load(); got != want {
				t.Errorf("transfer %d took %d reads, not %d", i, got, want)
			}
		}

		c.reads.Store(0)
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 5})) // by another process
		result, err := ireneo.Execute(cold, &Transfer{From: "a", To: "b", Amount: 85})
		must(t, err)
		if result.Attempts != 2 {
			t.Errorf("it took %d attempts", result.Attempts)
		}
		wantBalance(t, ctx, "a", 0)
	})
}

func TestC04_WhatIsDiscoveredIsReadOnceAnAttempt(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 100}))
		cold, c := counted(t, log)
		_, err := ireneo.Execute(cold, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			first, second := loaded(t, ctx, b, "a"), loaded(t, ctx, b, "a")
			first.State.Balance = -1
			if second.State.Balance != 100 {
				t.Errorf("two loads share a state: %d", second.State.Balance)
			}
			first.Append(&Withdrawn{Amount: 1})
			second.Append(&Withdrawn{Amount: 2})
			return nil
		}})
		must(t, err)
		if got := c.reads.Load(); got != 1 {
			t.Errorf("a stream that was loaded twice took %d reads", got)
		}
		wantBalance(t, ctx, "a", 97)
		wantVersion(t, ctx, Account.For("a"), 3)
	})
}

func TestC04_ByAnotherProjectionItIsReadUpToTheSameVersion(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 100}))
		cold, c := counted(t, log)
		sums := ireneo.NewProjection("sums", ireneo.On(func(p *Position, e *Deposited, _ time.Time) { p.Balance += e.Amount }))
		_, err := ireneo.Execute(cold, &Decide{by: func(hctx context.Context, b *ireneo.Boundary) error {
			loaded(t, hctx, b, "a")
			must(t, Account.For("a").Append(ctx, &Deposited{Amount: 5}))
			c.away.Store(1)
			if _, err := ireneo.Load(hctx, b, Account.For("a"), sums); !errors.Is(err, ireneo.ErrUnavailable) {
				t.Errorf("error is %v", err)
			}
			for range 2 { // whoever was told that it could not be read may ask again
				a, err := ireneo.Load(hctx, b, Account.For("a"), sums)
				must(t, err)
				if a.State.Balance != 100 || a.Version() != 1 {
					t.Errorf("the sum is %d at version %d", a.State.Balance, a.Version())
				}
				a.Append(&Deposited{Amount: 1})
			}
			return nil
		}}, ireneo.Retry(ireneo.NoRetry()))
		wantError(t, err, ireneo.ErrConflict)
	})
}

func TestC05_AChangeToWhatWasOnlyReadFailsTheCommit(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 100}))
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))

		for _, id := range []string{"a", "empty"} {
			decide := &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				loaded(t, ctx, b, id)
				to := loaded(t, ctx, b, "to")
				must(t, Account.For(id).Append(other, &Deposited{Amount: 1}))
				to.Append(&Deposited{Amount: 1})
				return nil
			}}
			_, err := ireneo.Execute(ctx, decide, ireneo.Retry(ireneo.NoRetry()))
			var conflict *ireneo.ConflictError
			if !errors.As(err, &conflict) {
				t.Fatalf("error is %v", err)
			}
			if conflict.Stream != "account" || conflict.ID != id || conflict.Actual != conflict.Expected+1 || len(conflict.Events) != 1 {
				t.Errorf("conflict is %+v", conflict)
			}
		}
		wantVersion(t, ctx, Account.For("to"), 0)
	})
}

func TestC05_NoWriteSkew(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		// Of two journals only one may have a note: each command reads both and writes its own.
		note := func(mine, others string) *Decide {
			return &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				m, err := ireneo.Load(ctx, b, Journal.For(mine), AccountPosition)
				must(t, err)
				o, err := ireneo.Load(ctx, b, Journal.For(others), AccountPosition)
				must(t, err)
				if m.Version()+o.Version() > 0 {
					return b.Reject("", "There is a note already.")
				}
				m.Append(&Noted{Text: "mine"})
				return nil
			}}
		}
		for round := range 50 {
			left, right := fmt.Sprint("left", round), fmt.Sprint("right", round)
			var wg sync.WaitGroup
			var committed, rejected atomic.Int64
			for _, racer := range []struct {
				ctx          context.Context
				mine, others string
			}{{ctx, left, right}, {other, right, left}, {ctx, right, left}} {
				wg.Go(func() {
					switch _, err := ireneo.Execute(racer.ctx, note(racer.mine, racer.others)); {
					case err == nil:
						committed.Add(1)
					case errors.Is(err, ireneo.ErrInvalid):
						rejected.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if committed.Load() != 1 || rejected.Load() != 2 {
				t.Fatalf("round %d: %d were committed, %d rejected", round, committed.Load(), rejected.Load())
			}
		}
	})
}
