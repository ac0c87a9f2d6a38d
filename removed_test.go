package ireneo_test

import (
	"context"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

// Whoever uses an id again, against advice, gets rows of what is in the log, also from a
// projection that has what was removed in memory.
func TestC19_AnIdUsedAgainBeginsAnew(t *testing.T) {
	c, now := rentals()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		now.Set(noon)
		rent(t, ctx, "1")
		running(t, log)
		eventually(t, log, "purses", "done", done)
		now.Set(noon.AddDate(0, 1, 0))
		if got := retain(t, ctx, log, ireneo.RetainOptions{Remove: true}); got.Streams != 1 {
			t.Fatalf("got %+v", got)
		}

		again := &Deposited{Amount: 7}
		must(t, Rental.For("1").Append(ctx, again))
		waitFor(t, ctx, log, again.Position, Purses)
		wantPurse(t, ctx, "1", " +7")
	})
}

// A command of a process that has a removed stream in memory is decided on what is left.
func TestC19_CommandsOfOthersSeeTheRemoval(t *testing.T) {
	c, now := rentals()
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		now.Set(noon)
		rent(t, ctx, "1")
		rent(t, ctx, "2")
		elsewhere := ireneo.WithLog(t.Context(), sibling(t, log, c))
		decide := &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
			note := loaded(t, ctx, b, "note")
			for _, id := range []string{"1", "2"} {
				rental, err := ireneo.Load(ctx, b, Rental.For(id), Rental.Consistency.(*ireneo.Projection[Position]))
				if err != nil {
					return err
				}
				note.Append(&Deposited{Amount: 1 + rental.Version()})
			}
			return nil
		}}
		_, err := ireneo.Execute(elsewhere, decide) // which remembers them
		must(t, err)

		folded(t, log)
		now.Set(noon.AddDate(0, 1, 0))
		if got := retain(t, ctx, log, ireneo.RetainOptions{Remove: true}); got.Streams != 2 {
			t.Fatalf("got %+v", got)
		}
		done, err := ireneo.Execute(elsewhere, decide, ireneo.Retry(ireneo.Fixed(1, 0)))
		must(t, err)
		for _, ev := range done.Events {
			if got := ev.(*Deposited).Amount; got != 1 {
				t.Errorf("it was decided on version %d of what is gone", got-1)
			}
		}
	})
}
