package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// Declare is a command that a test decides by itself, and that says what it loads.
type Declare struct {
	ireneo.Command `name:"test.declare"`

	loads []ireneo.Reading
	by    func(ctx context.Context, b *ireneo.Boundary) error
}

func (c *Declare) Loads() []ireneo.Reading { return c.loads }

func (c *Declare) Handle(ctx context.Context, b *ireneo.Boundary) error { return c.by(ctx, b) }

var once = ireneo.Retry(ireneo.NoRetry())

func TestC01_ACommandLoadsAtMostAThousandStreams(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		loads := make([]ireneo.Reading, 1000)
		for i := range loads {
			loads[i] = AccountPosition.Of(Account.For(fmt.Sprint(i)))
		}
		_, err := ireneo.Execute(ctx, &Declare{loads: loads, by: func(ctx context.Context, b *ireneo.Boundary) error {
			_, err := ireneo.Load(ctx, b, Account.For("1000"), AccountPosition)
			wantError(t, err, ireneo.ErrTooLarge)
			return nil
		}})
		must(t, err)
	})
}

func TestC03_OnlyWhatIsOfTheLogIsLoaded(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := sibling(t, log, config())
		wrong := ireneo.NewProjection("wrong", ireneo.On(func(n *int, _ *Deposited, _ time.Time) { *n++ }))
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			if _, err := ireneo.Load(ctx, b, Account.In(other).For("a"), AccountPosition); err == nil {
				t.Error("a stream of another log was loaded")
			}
			if _, err := ireneo.Load(ctx, b, Account.For("a"), wrong); err == nil {
				t.Error("it was loaded by a projection that is none")
			}
			row, err := ireneo.Load(ctx, b, Account.For("a"), Balances)
			must(t, err)
			if row.State.ID != "a" {
				t.Errorf("the row has the key %q", row.State.ID)
			}
			return nil
		}})
		must(t, err)
	})
}

// Latest is the deposit that was made last.
type Latest struct{ Amount int64 }

func TestC04_WhatWasBeforeWhatIsInMemoryIsInItsPlace(t *testing.T) {
	latest := ireneo.NewProjection("latest", ireneo.On(func(l *Latest, e *Deposited, _ time.Time) { l.Amount = e.Amount }))
	stream := &ireneo.Stream{Type: "safe", Purpose: "The last deposit", Consistency: latest}
	c := with([]*ireneo.Stream{stream})
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, c))
		for _, id := range []string{"a", "b"} {
			must(t, stream.For(id).Append(ctx, &Deposited{Amount: 1}, ireneo.At(noon)))
			must(t, stream.For(id).Append(other, &Deposited{Amount: 2}, ireneo.At(noon.Add(-time.Hour))))
		}
		loads := []ireneo.Reading{latest.Of(stream.For("a")), latest.Of(stream.For("b"))}
		result, err := ireneo.Execute(ctx, &Declare{loads: loads, by: func(ctx context.Context, b *ireneo.Boundary) error {
			for _, id := range []string{"a", "b"} {
				l, err := ireneo.Load(ctx, b, stream.For(id), latest)
				must(t, err)
				if l.State.Amount != 1 {
					t.Errorf("attempt %d: the last of %s is %d", b.Attempt(), id, l.State.Amount)
				}
				l.Append(&Deposited{Amount: 3})
			}
			return nil
		}}, once)
		must(t, err)
		if result.Attempts != 2 || result.Events[0].Version() != 3 {
			t.Errorf("the result is %+v", result)
		}
	})
}

func TestC06_TheFirstStreamThatMovedIsNamed(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			z, a := loaded(t, ctx, b, "z"), loaded(t, ctx, b, "a")
			must(t, Account.For("a").AppendAll(other, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Deposited{Amount: 2}}))
			must(t, Account.For("z").Append(other, &Deposited{Amount: 3}))
			a.Append(&Deposited{Amount: 1})
			z.Append(&Deposited{Amount: 1})
			return nil
		}}, once)
		var conflict *ireneo.ConflictError
		if !errors.As(err, &conflict) || conflict.ID != "z" || conflict.Actual != 1 || len(conflict.Events) != 1 {
			t.Errorf("the conflict is %+v", conflict)
		}
	})
}

func TestC12_ThatMayBeWrittenAtOnceIsOfAllStreams(t *testing.T) {
	c := config()
	c.MaxEvents = 3
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			loaded(t, ctx, b, "a").Append(&Deposited{Amount: 1}, &Deposited{Amount: 1})
			loaded(t, ctx, b, "b").Append(&Deposited{Amount: 1}, &Deposited{Amount: 1})
			return nil
		}})
		wantError(t, err, ireneo.ErrTooLarge)
	})
}

func TestC13_WhatWasDeclaredAndWhatWasDiscoveredWasSoAtOneMoment(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		must(t, Account.For("a").Append(other, &Deposited{Amount: 10}))
		_, err := ireneo.Execute(ctx, &Declare{loads: []ireneo.Reading{AccountPosition.Of(Account.For("a"))}, by: func(ctx context.Context, b *ireneo.Boundary) error {
			a := loaded(t, ctx, b, "a")
			if b.Attempt() == 1 {
				_, err := ireneo.Execute(other, &Transfer{From: "a", To: "b", Amount: 4})
				must(t, err)
			}
			if sum := a.State.Balance + loaded(t, ctx, b, "b").State.Balance; sum != 10 {
				return b.Reject("", fmt.Sprint("The sum is ", sum))
			}
			return nil
		}})
		must(t, err)
	})
}

func TestS17_WhatWasReadBesidesAQueryIsProvedToo(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			loaded(t, ctx, b, "read")
			_, err := b.Matching(ctx, named("ann")...)
			must(t, err)
			must(t, Account.For("read").Append(other, &Deposited{Amount: 1}))
			loaded(t, ctx, b, "to").Append(&Noted{Text: "ann"})
			return nil
		}}, once)
		wantError(t, err, ireneo.ErrConflict)
		wantVersion(t, ctx, Account.For("to"), 0)
	})
}

func TestS17_AnAnswerLostInCommitIsNotTakenForAMatch(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		ctx, c := counted(t, log)
		lost := false
		c.fail = func(b *store.Batch) error {
			if lost {
				return nil
			}
			lost = true
			must(t, c.Store.Insert(t.Context(), b))
			return store.ErrOutcomeUnknown
		}
		result, err := ireneo.Execute(ctx, claim(t, Journal.For("mine"), "ann", named("ann")), once)
		must(t, err)
		if len(result.Events) != 1 || result.Events[0].Version() != 1 || !result.Events[0].Persisted() {
			t.Errorf("the result is %+v", result)
		}
	})
}

func TestExecute_TheContextEndsItBeforeTheCommitAndNotWithin(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		whole, c := counted(t, log)
		ctx, cancel := context.WithCancel(whole)
		c.fail = func(*store.Batch) error { cancel(); return nil }
		_, err := ireneo.Execute(ctx, paying(t, "a", 1))
		must(t, err)

		ctx, cancel = context.WithCancel(whole)
		_, err = ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			loaded(t, ctx, b, "a").Append(&Deposited{Amount: 1})
			cancel()
			return nil
		}})
		wantError(t, err, context.Canceled)
		wantVersion(t, whole, Account.For("a"), 1)
		all, err := log.Executions(whole, ireneo.ExecutionQuery{Outcome: ireneo.Failed})
		if err != nil || len(all) != 1 {
			t.Errorf("on record are %v, error %v", all, err)
		}
	})
}

func TestExecute_WhatTheStoreMeets(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		ctx, c := counted(t, log)
		fails := []error{store.ErrVersionTaken} // though nobody is to be seen who has it
		c.fail = func(*store.Batch) (err error) {
			if len(fails) > 0 {
				err, fails = fails[0], fails[1:]
			}
			return err
		}
		result, err := ireneo.Execute(ctx, paying(t, "a", 1), ireneo.Retry(ireneo.Fixed(1, 0)))
		must(t, err)
		if result.Attempts != 2 {
			t.Errorf("it took %d attempts", result.Attempts)
		}

		fails = []error{&store.RowError{Index: 0, Err: errHost}}
		_, err = ireneo.Execute(ctx, paying(t, "a", 1), once)
		var projection *ireneo.ProjectionError
		if !errors.As(err, &projection) || projection.Projection != "balances" || !errors.Is(err, errHost) {
			t.Errorf("error is %v", err)
		}

		must(t, Account.For("a").Append(ctx, &Closed{}))
		_, err = ireneo.Execute(ctx, paying(t, "a", 1), once)
		wantError(t, err, ireneo.ErrClosed)
		all, err := log.Executions(ctx, ireneo.ExecutionQuery{Outcome: ireneo.Rejected})
		if err != nil || len(all) != 1 {
			t.Errorf("rejected are %v, error %v", all, err)
		}
	})
}

func TestCommandID_OfTwoThatHaveNothingToDoOneCounts(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		nothing := func(context.Context, *ireneo.Boundary) error { return nil }
		var first *ireneo.Result
		second, err := ireneo.Execute(ctx, &Decide{by: func(context.Context, *ireneo.Boundary) (err error) {
			first, err = ireneo.Execute(other, &Decide{by: nothing}, ireneo.CommandID("nothing"))
			return err
		}}, ireneo.CommandID("nothing"))
		must(t, err)
		if !second.Repeated || second.ID != first.ID {
			t.Errorf("the results are %+v and %+v", first, second)
		}
	})
}
