package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// tale is a model that shows in which order it was folded, and when.
type tale struct {
	Steps []string
	Begun time.Time
	Shown time.Time
}

var tales = ireneo.NewProjection("tales",
	ireneo.Initial(func(m *tale, at time.Time) { m.Begun = at }),
	ireneo.On(func(m *tale, e *Deposited, at time.Time) {
		m.Steps = append(m.Steps, fmt.Sprint("+", e.Amount, at.Sub(noon)))
	}),
	ireneo.On(func(m *tale, e *Withdrawn, at time.Time) {
		m.Steps = append(m.Steps, fmt.Sprint("-", e.Amount, at.Sub(noon)))
	}),
	ireneo.Final(func(m *tale, at time.Time) { m.Shown = at; m.Steps = append(m.Steps, "end") }),
)

// stepsOf are all states that come without an error.
func stepsOf(t testing.TB, states iter.Seq2[ireneo.State, error]) (all []ireneo.State) {
	t.Helper()
	for s, err := range states {
		must(t, err)
		all = append(all, s)
	}
	return all
}

// failureOf is the error that ends some states, and how many came before.
func failureOf(t testing.TB, states iter.Seq2[ireneo.State, error]) (before int, failure error) {
	t.Helper()
	for s, err := range states {
		switch {
		case failure != nil:
			t.Errorf("after %v comes %+v, %v", failure, s, err)
		case err != nil:
			failure = err
		default:
			before++
		}
	}
	return before, failure
}

// Whatever happens to a stream, the state after each version is that of a replay up to it.
func TestHandle_States_AreThoseOfReplays(t *testing.T) {
	kept := plainSavings.Snapshot(3)
	stream := safe(kept)
	now := &clock{now: noon}
	c := only(stream)
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		for range 60 {
			now.Set(now.Now().Add(time.Second))
			var opts []ireneo.AppendOption
			if random.IntN(4) == 0 {
				opts = append(opts, ireneo.At(now.Now().Add(-time.Duration(random.IntN(20))*time.Second)))
			}
			h := stream.For(fmt.Sprint(random.IntN(2)))
			batch := [][]ireneo.AnyEvent{{&Deposited{Amount: 1 + random.Int64N(50)}}, {&Withdrawn{Amount: 2}}, {&Deposited{Amount: 3}, &Noted{}, &Deposited{Amount: 4}}}
			if err := h.AppendAll(ctx, batch[random.IntN(3)], opts...); err != nil && !errors.Is(err, ireneo.ErrInvalid) {
				t.Fatal(err)
			}
		}
		for _, p := range []ireneo.AnyProjection{tales, kept, plainSavings} {
			for _, id := range []string{"0", "1"} {
				compareStates(t, ctx, stream.For(id), p, random)
			}
		}
	})
}

func compareStates(t *testing.T, ctx context.Context, h *ireneo.Handle, p ireneo.AnyProjection, random *rand.Rand) {
	t.Helper()
	last, err := h.Version(ctx)
	must(t, err)
	models := []any{nil}
	for version := int64(1); version <= last; version++ {
		model, err := h.Replay(ctx, p, ireneo.AtVersion(version))
		must(t, err)
		models = append(models, model)
	}
	for range 5 {
		after, upTo := random.Int64N(last), random.Int64N(last+3)
		states := stepsOf(t, h.States(ctx, p, after, upTo))
		if upTo == 0 || upTo > last {
			upTo = last
		}
		if len(states) != int(max(0, upTo-after)) {
			t.Fatalf("%d states from %d to %d", len(states), after, upTo)
		}
		for i, s := range states {
			version := after + int64(i) + 1
			got, want := []any{s.Event.Version, s.Before, s.After}, []any{version, models[version-1], models[version]}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s at version %d (-want +got):\n%s", p.Name(), version, diff)
			}
		}
	}
}

func TestHandle_States_Bounds(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := Account.For("a")
		deposit(t, ctx, h, 4)
		for bounds, want := range map[[2]int64]string{
			{0, 0}: " 1 2 3 4", {0, 2}: " 1 2", {2, 0}: " 3 4", {1, 3}: " 2 3", {4, 0}: "", {9, 0}: "", {3, 2}: "", {0, 9}: " 1 2 3 4", {-1, 1}: " 1",
		} {
			got := ""
			for _, s := range stepsOf(t, h.States(ctx, AccountPosition, bounds[0], bounds[1])) {
				got += fmt.Sprint(" ", s.Event.Version)
				if balance := s.After.(*Position).Balance; balance != s.Event.Version || (s.Before == nil) != (s.Event.Version == 1) {
					t.Errorf("version %d leads from %v to %v", s.Event.Version, s.Before, s.After)
				}
			}
			if got != want {
				t.Errorf("%v: got versions%s, want%s", bounds, got, want)
			}
		}
		if states := stepsOf(t, Account.For("nobody").States(ctx, AccountPosition, 0, 0)); len(states) > 0 {
			t.Errorf("an empty stream has %d states", len(states))
		}
		for s, err := range h.States(ctx, Balances, 0, 0) { // which may be left early
			must(t, err)
			if b := s.After.(*Balance); b.ID != "a" || b.Amount != 1 {
				t.Errorf("got %+v", b)
			}
			break
		}
	})
}

func TestHandle_States_BelongToTheCaller(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := Account.For("a")
		deposit(t, ctx, h, 3)
		want, n := []string{}, 0
		for s, err := range h.States(ctx, tales, 0, 0) {
			must(t, err)
			if n++; n > 1 {
				if got := s.Before.(*tale).Steps; len(got) != len(want) || got[0][0] != '+' {
					t.Errorf("before %d: got %v, want %d steps", n, got, len(want))
				}
				s.Before.(*tale).Steps[0] = "changed"
			}
			got := s.After.(*tale).Steps
			if want = slices.Clone(got); len(got) != n+1 || got[0][0] != '+' {
				t.Errorf("after %d: got %v", n, got)
			}
			clear(got)
		}
	})
}

func TestHandle_States_ManyEvents(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := Journal.For("a")
		var events []ireneo.AnyEvent
		for range 2500 {
			events = append(events, &Deposited{Amount: 1})
		}
		must(t, h.AppendAll(ctx, events))
		n := int64(0)
		for s, err := range h.States(ctx, AccountPosition, 0, 2400) {
			must(t, err)
			if n++; s.Event.Version != n || s.After.(*Position).Balance != n {
				t.Fatalf("state %d is %+v", n, s)
			}
		}
		if n != 2400 {
			t.Errorf("got %d states", n)
		}
	})
}

func TestHandle_States_Errors(t *testing.T) {
	c := newer(config())
	noted := ireneo.NewProjection("noted", ireneo.On(func(m *Trace, e *notedV2, _ time.Time) { m.add("%s", e.Text) }))
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		noteEach(t, ctx, "a", "good", "bad", "good")
		h := Journal.In(sibling(t, log, c)).For("a")
		n, err := failureOf(t, h.States(ctx, noted, 0, 0))
		wantError(t, err, errHandler)
		if n != 1 || !strings.Contains(err.Error(), "journal/a version 2") {
			t.Errorf("after %d states: %v", n, err)
		}
		if n, err = failureOf(t, h.States(ctx, noted, 2, 0)); n != 0 || !errors.Is(err, errHandler) {
			t.Errorf("after %d states: %v", n, err)
		}
		_, err = failureOf(t, h.States(ctx, AccountPosition.Strict(), 0, 0))
		wantError(t, err, ireneo.ErrUnknownEvent)
		if _, err = failureOf(t, h.States(ctx, ireneo.NewProjection[Trace](""), 0, 0)); err == nil {
			t.Error("a projection without a name is folded")
		}
		_, err = failureOf(t, Journal.For("").States(ctx, noted, 0, 0))
		wantError(t, err, ireneo.ErrInvalidID)
		_, err = failureOf(t, Journal.For("a").States(context.Background(), noted, 0, 0))
		wantError(t, err, ireneo.ErrNoLog)
		ended, cancel := context.WithCancel(ctx)
		cancel()
		_, err = failureOf(t, h.States(ended, noted, 0, 0))
		wantError(t, err, context.Canceled)
	})
}

func TestHandle_Replay(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		deposit(t, ctx, Account.For("a"), 3)
		got, err := Account.For("a").Replay(ctx, Balances, ireneo.AtVersion(2))
		must(t, err)
		if b := got.(*Balance); b.ID != "a" || b.Amount != 2 {
			t.Errorf("got %+v", b)
		}
		_, err = Account.For("b").Replay(ctx, Balances)
		wantError(t, err, ireneo.ErrNotFound)
	})
}

func ExampleHandle_States() {
	ctx, _, done := library()
	defer done()
	book := Book.For("moby-dick")
	_ = book.AppendAll(ctx, []ireneo.AnyEvent{&Received{Copies: 2}, &Lent{Copies: 1}})

	for s, err := range book.States(ctx, Shelves, 0, 0) {
		fmt.Println(s.Event.Type, s.Before, s.After, err)
	}
	// Output:
	// copies.received <nil> &{2} <nil>
	// copies.lent &{2} &{1} <nil>
}
