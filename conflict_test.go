package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// gate stops a consistency fold of one process, so that a test decides who is first.
type gate struct{ reached, open chan struct{} }

// gatedStream is like Account, but a withdrawal of 7 waits at the gate, once.
func gatedStream(g *gate) *ireneo.Stream {
	var once sync.Once
	position := ireneo.NewProjection("gated_position",
		ireneo.On(func(p *Position, e *Deposited, _ time.Time) { p.Balance += e.Amount }),
		ireneo.On(func(p *Position, e *Withdrawn, _ time.Time) {
			p.Balance -= e.Amount
			if e.Amount == 7 {
				once.Do(func() { close(g.reached); <-g.open })
			}
		}))
	return &ireneo.Stream{Type: "gated", Purpose: "Loses races", Consistency: position, Transactional: ireneo.Materialize(Balances)}
}

func TestF09_RaceLoserIsRejected(t *testing.T) {
	for _, open := range databases {
		t.Run(open.name, func(t *testing.T) {
			g := &gate{reached: make(chan struct{}), open: make(chan struct{})}
			stream := gatedStream(g)
			c := with([]*ireneo.Stream{stream})
			log := open.log(t, c)
			ctx := ireneo.WithLog(t.Context(), log)
			must(t, stream.For("a").Append(ctx, &Deposited{Amount: 100}))
			other := ireneo.WithLog(ctx, sibling(t, log, c)) // cold: it has to read the stream

			loser, lost := &Withdrawn{Amount: 7}, make(chan error, 1)
			go func() { lost <- stream.For("a").Append(other, loser) }()
			<-g.reached
			winner := &Withdrawn{Amount: 50}
			must(t, stream.For("a").Append(ctx, winner))
			close(g.open)

			var conflict *ireneo.ConflictError
			err := <-lost
			wantError(t, err, ireneo.ErrConflict)
			if !errors.As(err, &conflict) || conflict.Expected != 1 || conflict.Actual != 2 || len(conflict.Events) != 1 {
				t.Fatalf("got %#v", err)
			}
			if got := conflict.Events[0].(*Withdrawn); got.Amount != 50 || got.ID() != winner.ID() {
				t.Errorf("the conflict carries %v", got)
			}
			if loser.Persisted() || loser.Version() != 0 {
				t.Errorf("loser: persisted %v, version %d", loser.Persisted(), loser.Version())
			}
			wantBalance(t, ctx, "a", 50)
			wantVersion(t, ctx, stream.For("a"), 2)

			must(t, stream.For("a").Append(other, loser)) // F10: the same handle reads again
			wantBalance(t, ctx, "a", 43)
		})
	}
}

func TestF10_AStaleCacheIsNeverShownAsAConflict(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(ctx, sibling(t, log, config()))
		a := Account.For("a")
		for i := range 20 { // the two processes take turns, each with an old cache
			at := ctx
			if i%2 == 1 {
				at = other
			}
			must(t, a.Append(at, &Deposited{Amount: 1}))
		}
		wantBalance(t, ctx, "a", 20)
		assertSameAsReplay(t, ctx, a)
	})
}

func TestF10_OneProcessNeverConflictsWithItself(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("hot")
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				for range 10 {
					if err := a.Append(ctx, &Deposited{Amount: 1}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		wantVersion(t, ctx, a, 160)
		wantBalance(t, ctx, "hot", 160)
	})
}

func TestF15_ExpectVersion(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for _, s := range []*ireneo.Stream{Account, Journal} {
			h := s.For("a")
			must(t, h.Append(ctx, &Deposited{Amount: 1}, ireneo.ExpectVersion(0)))
			must(t, h.Append(ctx, &Deposited{Amount: 1}, ireneo.ExpectVersion(1)))
			for _, wrong := range []int64{0, 1, 3, 99} {
				ev := &Deposited{Amount: 1}
				err := h.Append(ctx, ev, ireneo.ExpectVersion(wrong))
				var conflict *ireneo.ConflictError
				if !errors.As(err, &conflict) || conflict.Expected != wrong || conflict.Actual != 2 || ev.Persisted() {
					t.Errorf("%s, expecting %d: got %v", s.Type, wrong, err)
				}
			}
			wantVersion(t, ctx, h, 2)

			other := ireneo.WithLog(ctx, sibling(t, log, config()))
			must(t, h.Append(other, &Deposited{Amount: 1}))
			wantError(t, h.Append(ctx, &Deposited{Amount: 1}, ireneo.ExpectVersion(2)), ireneo.ErrConflict)
			must(t, h.Append(ctx, &Deposited{Amount: 1}, ireneo.ExpectVersion(3)))
		}
	})
}

func TestF16_IdempotencyKeyAppendsOnce(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for _, s := range []*ireneo.Stream{Account, Journal} {
			h := s.For("a")
			first := &Deposited{Amount: 5, Note: "first"}
			must(t, h.Append(ctx, first, ireneo.IdempotencyKey("k")))
			must(t, h.Append(ctx, &Deposited{Amount: 1}))

			second := &Deposited{Amount: 6}
			must(t, h.Append(ctx, second, ireneo.IdempotencyKey("k")))
			if second.Version() != 1 || second.Position() != first.Position() || second.ID() != first.ID() ||
				second.Amount != 5 || second.Note != "first" || !second.Persisted() || !second.RecordedAt().Equal(first.RecordedAt()) {
				t.Errorf("%s: second became version %d at %d with %d %q", s.Type, second.Version(), second.Position(), second.Amount, second.Note)
			}
			wantVersion(t, ctx, h, 2)
			must(t, s.For("b").Append(ctx, &Deposited{Amount: 1}, ireneo.IdempotencyKey("k")))
			wantVersion(t, ctx, s.For("b"), 1)

			if err := h.Append(ctx, &Noted{}, ireneo.IdempotencyKey("k")); err == nil {
				t.Errorf("%s: the key of a deposit was taken for a note", s.Type)
			}
		}
	})
}

// Whatever would be said of the event now, the first answer is the one that counts: also
// where this process's idea of the stream is old, and where the event closed it.
func TestF16_ARepeatIsTheFirstWhateverItWouldBeNow(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		other := Account.In(sibling(t, log, config())).For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 100}))
		must(t, other.Append(ctx, &Withdrawn{Amount: 60}, ireneo.IdempotencyKey("k"), ireneo.ExpectVersion(1)))

		for name, h := range map[string]*ireneo.Handle{"where it overdraws": other, "where the cache is old": a} {
			repeat := &Withdrawn{Amount: 60}
			must(t, h.Append(ctx, repeat, ireneo.IdempotencyKey("k"), ireneo.ExpectVersion(1)))
			if repeat.Version() != 2 || !repeat.Errors().Empty() {
				t.Errorf("%s: version %d, errors %v", name, repeat.Version(), repeat.Errors())
			}
		}
		must(t, a.Append(ctx, &Closed{}, ireneo.IdempotencyKey("end")))
		must(t, a.Append(ctx, &Closed{}, ireneo.IdempotencyKey("end")))
		wantVersion(t, ctx, a, 3)
	})
}

func TestF16_ConcurrentSubmitsOfOneKeyAppendOnce(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(ctx, sibling(t, log, config()))
		var wg sync.WaitGroup
		positions := make([]int64, 16)
		for i := range positions {
			wg.Go(func() {
				at := ctx
				if i%2 == 0 {
					at = other
				}
				ev := &Noted{Text: fmt.Sprint(i)}
				if err := Journal.For("a").Append(at, ev, ireneo.IdempotencyKey("k")); err != nil {
					t.Error(err)
				}
				positions[i] = ev.Position()
			})
		}
		wg.Wait()
		wantVersion(t, ctx, Journal.For("a"), 1)
		for _, p := range positions {
			if p != positions[0] || p == 0 {
				t.Fatalf("the submits ended at positions %v", positions)
			}
		}
	})
}

// What an event is refused on is read once: a stream that refuses much is not read over and over.
func TestF03_ARefusalReadsWhatIsNewAndNoMore(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		ctx, c := counted(t, log)
		for range 20 {
			must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		}
		for range 3 {
			before := c.records.Load()
			wantError(t, Account.For("a").Append(ctx, &Withdrawn{Amount: 100}), ireneo.ErrInvalid)
			if got := c.records.Load() - before; got > 1 {
				t.Errorf("%d records were read for a refusal", got)
			}
		}
	})
}
