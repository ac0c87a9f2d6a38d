package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

func TestCommandID_ExecutesOnce(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 10}))
		first, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 10}, ireneo.CommandID("once"))
		must(t, err)
		for _, ctx := range []context.Context{ctx, other} {
			again, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 10}, ireneo.CommandID("once")) // would be refused by now
			must(t, err)
			if !again.Repeated || again.ID != first.ID || again.Position != first.Position || again.Attempts != 1 || len(again.Events) != 2 {
				t.Errorf("the second result is %+v", again)
			}
			if got := again.Events[1].(*Deposited); got.Amount != 10 || got.Version() != 1 || got.ID() != first.Events[1].ID() {
				t.Errorf("its event is %v", got)
			}
		}
		wantBalance(t, ctx, "b", 10)

		var used *ireneo.CommandIDError
		_, err = ireneo.Execute(ctx, paying(t, "a", 1), ireneo.CommandID("once"))
		if !errors.As(err, &used) || used.Command != "account.transfer" {
			t.Errorf("the id of another command: %v", err)
		}
	})
}

func TestCommandID_RemembersThatThereWasNothingToDo(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		calls := 0
		for range 2 {
			result, err := ireneo.Execute(ctx, &Decide{by: func(context.Context, *ireneo.Boundary) error { calls++; return nil }}, ireneo.CommandID("nothing"))
			must(t, err)
			if result.Position != 0 || result.Repeated != (calls == 1 && result.Repeated) {
				t.Errorf("result is %+v", result)
			}
		}
		if calls != 1 {
			t.Errorf("it was decided %d times", calls)
		}
	})
}

func TestCommandID_WhoWasRefusedMaySendItAgain(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 10}, ireneo.CommandID("again"))
		wantError(t, err, ireneo.ErrInvalid)
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 10}))
		result, err := ireneo.Execute(ctx, &Transfer{From: "a", To: "b", Amount: 10}, ireneo.CommandID("again"))
		must(t, err)
		if result.Repeated {
			t.Error("it was taken for the first one")
		}
	})
}

func TestCommandID_OfManyAtOnceOneIsExecuted(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		for round := range 10 {
			id := fmt.Sprint("a", round)
			var mu sync.Mutex
			results := map[string]int{}
			var wg sync.WaitGroup
			for i := range 8 {
				ctx := []context.Context{ctx, other}[i%2]
				wg.Go(func() {
					result, err := ireneo.Execute(ctx, paying(t, id, 1), ireneo.CommandID(id), ireneo.Retry(ireneo.Fixed(100, time.Millisecond)))
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					results[fmt.Sprint(result.ID, result.Position, len(result.Events))]++
				})
			}
			wg.Wait()
			wantVersion(t, ctx, Account.For(id), 1)
			if len(results) != 1 {
				t.Fatalf("the results are %v", results)
			}
		}
	})
}

func TestCommandID_AnAnswerLostInCommitIsFound(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		for _, id := range []string{"", "id"} {
			ctx, c := counted(t, log)
			must(t, Account.For("a"+id).Append(ctx, &Deposited{Amount: 10}))
			lost := false
			c.fail = func(b *store.Batch) error {
				if lost {
					return nil
				}
				lost = true
				if err := c.Store.Insert(t.Context(), b); err != nil {
					t.Error(err)
				}
				c.away.Store(2) // and so are the answers to the question what became of it
				c.blind.Store(2)
				return store.ErrOutcomeUnknown
			}
			result, err := ireneo.Execute(ctx, &Transfer{From: "a" + id, To: "b" + id, Amount: 4}, ireneo.CommandID(id))
			must(t, err)
			if result.Attempts != 1 || result.Repeated || result.Events[1].Version() != 1 || result.Position == 0 {
				t.Errorf("result is %+v", result)
			}
			wantBalance(t, ctx, "a"+id, 6)
			wantBalance(t, ctx, "b"+id, 4)

			lost = false
			single := &Deposited{Amount: 1}
			must(t, Account.For("a"+id).Append(ctx, single))
			if !single.Persisted() || single.Version() != 3 {
				t.Errorf("the append says %v", single)
			}
		}
	})
}
