package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

func paying(t testing.TB, id string, amount int64) *Decide {
	return &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
		loaded(t, ctx, b, id).Append(&Deposited{Amount: amount})
		return nil
	}}
}

func TestC12_TenThousandEventsAreOneCommit(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		many := func(n int) *Decide {
			return &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				a := loaded(t, ctx, b, "a")
				for range n {
					a.Append(&Deposited{Amount: 1})
				}
				return nil
			}}
		}
		result, err := ireneo.Execute(ctx, many(10_000))
		must(t, err)
		if last := result.Events[9_999]; last.Version() != 10_000 || last.Position() != result.Position || result.Events[0].Position() != result.Position {
			t.Errorf("the last is version %d at %d of %d", last.Version(), last.Position(), result.Position)
		}
		wantBalance(t, ctx, "a", 10_000)
		_, err = ireneo.Execute(ctx, many(10_001))
		wantError(t, err, ireneo.ErrTooLarge)
		wantBalance(t, ctx, "a", 10_000)
	})
}

func TestC13_ACommandThatWritesNothingCommitsNothing(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		counted, c := counted(t, log)
		result, err := ireneo.Execute(counted, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			loaded(t, ctx, b, "a")
			return nil
		}})
		must(t, err)
		if len(result.Events) > 0 || result.Position != 0 || result.Attempts != 1 || c.inserts.Load() != 0 {
			t.Errorf("%d inserts, result %+v", c.inserts.Load(), result)
		}
		wantVersion(t, ctx, Account.For("a"), 1)
	})
}

func TestC13_WhatWasReadInPartsIsReadAgainWhereItHasMoved(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		must(t, Account.For("a").Append(other, &Deposited{Amount: 10}))
		_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
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

func TestC15_TagsAreValidatedBeforeAnythingIsRead(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		ctx, c := counted(t, log)
		cmd := &Transfer{From: "a", To: "a", Amount: -1}
		_, err := ireneo.Execute(ctx, cmd)
		wantError(t, err, ireneo.ErrInvalid)
		if len(cmd.Errors().On("to")) != 1 || len(cmd.Errors().On("amount")) != 1 || len(cmd.Errors().On("from")) != 0 {
			t.Errorf("messages are %v", cmd.Errors().All())
		}
		all, err := log.Executions(ctx, ireneo.ExecutionQuery{})
		must(t, err)
		if c.reads.Load()+c.inserts.Load() != 0 || len(all) != 0 {
			t.Errorf("%d reads, %d inserts, %d executions", c.reads.Load(), c.inserts.Load(), len(all))
		}

		cmd.To, cmd.Amount = "b", 1 // and is reusable
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		_, err = ireneo.Execute(ctx, cmd)
		must(t, err)
		if !cmd.Errors().Empty() {
			t.Errorf("messages are %v", cmd.Errors().All())
		}
	})
}

func TestExecute_RefusesWhatIsNoCommand(t *testing.T) {
	type unnamed struct{ Decide }
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name, cmd := range map[string]ireneo.AnyCommand{"nil": nil, "nil pointer": (*Transfer)(nil), "embedded twice": &unnamed{}} {
			if _, err := ireneo.Execute(ctx, cmd); err == nil {
				t.Errorf("%s was executed", name)
			}
		}
		_, err := ireneo.Execute(t.Context(), &Transfer{})
		wantError(t, err, ireneo.ErrNoLog)
		for _, id := range []string{strings.Repeat("x", 256), "a\x00", "\xff"} {
			_, err := ireneo.Execute(ctx, paying(t, "a", 1), ireneo.CommandID(id))
			wantError(t, err, ireneo.ErrInvalidID)
		}
	})
}

func TestExecute_WhatAStreamRefusesRefusesTheCommand(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 20}))
		for want, ev := range map[string]ireneo.AnyEvent{
			"amount Amount must be greater than 0":       &Withdrawn{Amount: -1},
			"amount Amount is unlucky":                   &Withdrawn{Amount: 13},
			"balance Led to invalid state: Balance must": &Withdrawn{Amount: 21},
		} {
			cmd := &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				loaded(t, ctx, b, "b").Append(&Deposited{Amount: 1})
				loaded(t, ctx, b, "a").Append(ev)
				return nil
			}}
			_, err := ireneo.Execute(ctx, cmd)
			var rejected *ireneo.RejectedError
			if !errors.As(err, &rejected) || rejected.Event != ev || len(cmd.Errors().All()) != 1 {
				t.Fatalf("error is %v", err)
			}
			if got := cmd.Errors().All()[0]; !strings.HasPrefix(got.Field+" "+got.Message, want) {
				t.Errorf("message is %s: %s, not %s", got.Field, got.Message, want)
			}
		}
		wantVersion(t, ctx, Account.For("b"), 0)

		must(t, Account.For("a").Append(ctx, &Closed{}))
		_, err := ireneo.Execute(ctx, paying(t, "a", 1))
		wantError(t, err, ireneo.ErrClosed)
	})
}

func TestExecutions_AreOnRecord(t *testing.T) {
	now := &clock{now: noon}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		now.Set(noon)
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		ctx = ireneo.WithMeta(ctx, map[string]string{ireneo.ActorKey: "ann", ireneo.CorrelationKey: "request-1"})
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 10}))
		commands := []ireneo.AnyCommand{
			&Transfer{From: "a", To: "b", Amount: 4},
			&Transfer{From: "a", To: "b", Amount: 400},
			&Decide{by: func(context.Context, *ireneo.Boundary) error { return nil }},
			overtaken(t, other, 99),
			&Decide{by: func(context.Context, *ireneo.Boundary) error { return errors.New("odd\n" + strings.Repeat("é", 1000)) }},
		}
		var result *ireneo.Result
		for i, cmd := range commands {
			now.Set(noon.Add(time.Duration(i) * time.Second))
			r, err := ireneo.Execute(ctx, cmd, ireneo.Retry(ireneo.NoRetry()))
			if err == nil && result == nil {
				result = r
			}
		}

		all, err := log.Executions(ctx, ireneo.ExecutionQuery{})
		must(t, err)
		var got []string
		for _, e := range all {
			reason, _, _ := strings.Cut(e.Reason, "é")
			got = append(got, fmt.Sprint(e.Command, " ", e.Outcome, " ", e.Actor, " ", e.Correlation, " ", e.Events, " ", e.Position > 0, " ", e.StartedAt.Sub(noon), " ", reason))
		}
		want := []string{
			"test.decide failed ann request-1 0 false 4s odd ",
			"test.decide conflicted ann request-1 0 false 3s test.decide was given up after attempt 1: account/seen has moved on: expected version 0, it is at 1",
			"test.decide nothing ann request-1 0 false 2s ",
			"account.transfer rejected ann request-1 0 false 1s account.transfer is rejected: Amount exceeds the balance",
			"account.transfer committed ann request-1 2 true 0s ",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("executions (-want +got):\n%s", diff)
		}
		if len(all[0].Reason) > 1010 {
			t.Errorf("a reason of %d bytes", len(all[0].Reason))
		}

		one, err := log.Execution(ctx, result.ID)
		must(t, err)
		if diff := cmp.Diff(all[4], one); diff != "" || one.Position != result.Position {
			t.Errorf("the execution (-list +alone):\n%s", diff)
		}
		for key, want := range map[string]string{ireneo.CommandKey: "account.transfer", ireneo.ExecutionKey: result.ID, ireneo.ActorKey: "ann", ireneo.CorrelationKey: "request-1"} {
			if got := result.Events[1].Meta().Get(key); got != want {
				t.Errorf("meta %s is %q, not %q", key, got, want)
			}
		}
		_, err = log.Execution(ctx, "nobody")
		wantError(t, err, ireneo.ErrNotFound)
	})
}

// What a request says of itself may be of any length, and have what no database stores.
func TestExecutions_BoundWhatIsSaidOfThem(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		said := ireneo.WithMeta(ctx, map[string]string{ireneo.ActorKey: strings.Repeat("a", 5000), ireneo.CorrelationKey: "of\x00one"})
		_, err := ireneo.Execute(said, &Decide{by: func(context.Context, *ireneo.Boundary) error { return nil }})
		must(t, err)
		all, err := log.Executions(ctx, ireneo.ExecutionQuery{})
		must(t, err)
		if len(all) != 1 || len(all[0].Actor) > 1010 || all[0].Correlation != "of one" {
			t.Errorf("on record is %.3000v", all)
		}
	})
}

func TestExecutions_ArePagedAndFiltered(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		var ids []string
		for i := range 5 {
			result, err := ireneo.Execute(ctx, paying(t, fmt.Sprint(i), 1))
			must(t, err)
			ids = append([]string{result.ID}, ids...)
		}
		list := func(q ireneo.ExecutionQuery) string {
			found, err := log.Executions(ctx, q)
			must(t, err)
			var s []string
			for _, e := range found {
				s = append(s, e.ID)
			}
			return strings.Join(s, " ")
		}
		for _, test := range []struct {
			q    ireneo.ExecutionQuery
			want []string
		}{
			{ireneo.ExecutionQuery{}, ids},
			{ireneo.ExecutionQuery{Limit: 2}, ids[:2]},
			{ireneo.ExecutionQuery{Limit: 2, Before: ids[1]}, ids[2:4]},
			{ireneo.ExecutionQuery{Command: "test.decide", Outcome: ireneo.Committed}, ids},
			{ireneo.ExecutionQuery{Outcome: ireneo.Rejected}, nil},
			{ireneo.ExecutionQuery{Command: "other"}, nil},
			{ireneo.ExecutionQuery{Actor: "ann"}, nil},
		} {
			if got, want := list(test.q), strings.Join(test.want, " "); got != want {
				t.Errorf("%+v finds %s, not %s", test.q, got, want)
			}
		}
		_, err := log.Executions(ctx, ireneo.ExecutionQuery{Before: "nobody"})
		wantError(t, err, ireneo.ErrNotFound)

		forgotten, err := log.ForgetExecutions(ctx, time.Now().Add(time.Hour))
		must(t, err)
		if got := list(ireneo.ExecutionQuery{}); forgotten != 5 || got != "" {
			t.Errorf("%d forgotten, left are %s", forgotten, got)
		}
	})
}

func TestExecute_HandsOnItsCause(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		cause := &Deposited{Amount: 1}
		must(t, Account.For("a").Append(ireneo.WithMeta(ctx, map[string]string{ireneo.CorrelationKey: "request-2"}), cause))
		at := noon.Add(-time.Hour)
		result, err := ireneo.Execute(ctx, paying(t, "b", 1), ireneo.CausedBy(cause), ireneo.At(at))
		must(t, err)
		effect := result.Events[0]
		if effect.Meta().Get(ireneo.CausationKey) != cause.ID().String() || effect.Meta().Get(ireneo.CorrelationKey) != "request-2" || !effect.OccurredAt().Equal(at) {
			t.Errorf("the event has %v at %s", effect.Meta(), effect.OccurredAt())
		}
		e, err := log.Execution(ctx, result.ID)
		must(t, err)
		if e.Correlation != "request-2" {
			t.Errorf("the execution is part of %q", e.Correlation)
		}
	})
}

func TestCorrelation_FlowsFromTheRequestThroughCommandsToWhatReacts(t *testing.T) {
	reacted := make(chan error, 1)
	c := config()
	c.Subscriptions = []*ireneo.Subscription{{
		Name: "reacting", Filters: []ireneo.Filter{{Types: []string{"account.deposited"}, Streams: []string{"account/b"}}},
		Handle: func(ctx context.Context, b ireneo.Batch) error {
			_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				note, err := ireneo.Load(ctx, b, Journal.For("reaction"), AccountPosition)
				if err == nil {
					note.Append(&Noted{Text: "seen"})
				}
				return err
			}})
			reacted <- err
			return err
		},
	}}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		running, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { log.Run(running); close(ended) }()
		request := ireneo.WithMeta(ctx, map[string]string{ireneo.CorrelationKey: "request-3"})
		must(t, Account.For("a").Append(request, &Deposited{Amount: 5}))
		result, err := ireneo.Execute(request, &Transfer{From: "a", To: "b", Amount: 5})
		must(t, err)
		must(t, <-reacted)
		stop()
		<-ended

		note := collect(t, ctx, Journal.For("reaction"))[0].Meta()
		cause := result.Events[1].ID().String()
		if note.Get(ireneo.CorrelationKey) != "request-3" || note.Get(ireneo.CausationKey) != cause || note.Get(ireneo.CommandKey) != "test.decide" {
			t.Errorf("the reaction has %v", note)
		}
	})
}

func TestExecute_WhatNobodyKnowsIsSaidToBeUnknown(t *testing.T) {
	quick := config()
	quick.CommitTimeout = 50 * time.Millisecond
	each(t, quick, func(t *testing.T, _ context.Context, log *ireneo.Log) {
		c := &counting{Store: ireneo.StoreOf(log)}
		other, err := ireneo.Open(c, quick)
		must(t, err)
		ctx := ireneo.WithLog(t.Context(), other)
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1})) // and it is in memory
		for name, answers := range map[string][]error{
			"and then busy":       {store.ErrOutcomeUnknown, store.ErrBusy, store.ErrBusy, store.ErrBusy, store.ErrBusy, store.ErrBusy},
			"and then full":       {store.ErrOutcomeUnknown, store.ErrFull, store.ErrFull, store.ErrFull, store.ErrFull, store.ErrFull},
			"and then unreadable": {store.ErrOutcomeUnknown, store.ErrVersionTaken},
		} {
			script := func() {
				rest := answers
				c.fail = func(*store.Batch) error {
					answer := rest[0]
					if len(rest) > 1 {
						rest = rest[1:]
					}
					if errors.Is(answer, store.ErrVersionTaken) {
						c.away.Store(100)
					}
					return answer
				}
			}
			script()
			if _, err := ireneo.Execute(ctx, paying(t, "a", 1)); !errors.Is(err, ireneo.ErrOutcomeUnknown) || ireneo.Categorize(err) != ireneo.Fatal {
				t.Errorf("%s: the command is %v", name, err)
			}
			c.away.Store(0)
			script()
			if err := Account.For("a").Append(ctx, &Deposited{Amount: 1}); !errors.Is(err, ireneo.ErrOutcomeUnknown) {
				t.Errorf("%s: the append is %v", name, err)
			}
			c.away.Store(0)
		}
	})
}

func TestExecute_APanicIsOnRecordAndGoesOn(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		func() {
			defer func() {
				if got := recover(); got != "oh" {
					t.Errorf("the caller meets %v", got)
				}
			}()
			ireneo.Execute(ctx, &Decide{by: func(context.Context, *ireneo.Boundary) error { panic("oh") }}) //nolint:errcheck // it never returns
		}()
		all, err := log.Executions(ctx, ireneo.ExecutionQuery{})
		must(t, err)
		if len(all) != 1 || all[0].Outcome != ireneo.Failed || all[0].Reason != "its Handle has panicked" {
			t.Errorf("on record are %+v", all)
		}
	})
}
