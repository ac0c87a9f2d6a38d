package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// Till is looked at by projections of all three kinds.
var Till = &ireneo.Stream{
	Type: "till", Purpose: "Money of a shop", CreatedBy: "account.opened", ClosedBy: "account.closed",
	Consistency: AccountPosition, Transactional: ireneo.Materialize(Balances), Async: ireneo.Materialize(Purses),
}

// replays are the states of a till by its projections, nil where it has no events.
func replays(t testing.TB, ctx context.Context, h *ireneo.Handle) map[string]any {
	t.Helper()
	states := map[string]any{}
	for _, p := range []ireneo.AnyProjection{AccountPosition, Balances, Purses} {
		state, err := h.Replay(ctx, p)
		if err != nil && !errors.Is(err, ireneo.ErrNotFound) {
			t.Fatal(err)
		}
		states[p.Name()] = state
	}
	return states
}

// statesOf are those of a verdict, before and after.
func statesOf(t testing.TB, v *ireneo.Verdict) (before, after map[string]any) {
	t.Helper()
	before, after = map[string]any{}, map[string]any{}
	for _, s := range v.States {
		must(t, s.Err)
		before[s.Projection], after[s.Projection] = s.Before, s.After
	}
	return before, after
}

// tills are batches that a till may accept or refuse, whole or for one event.
func tills(random *rand.Rand) []ireneo.AnyEvent {
	n := random.Int64N(40)
	all := [][]ireneo.AnyEvent{
		{&Opened{Owner: "ana"}},
		{&Deposited{Amount: n}},
		{&Deposited{Amount: 9}},
		{&Withdrawn{Amount: n}},
		{&Withdrawn{Amount: 13}},
		{&Noted{}},
		{&Deposited{Amount: 7}, &Noted{}, &Withdrawn{Amount: n}},
		{&Withdrawn{Amount: 5}, &Deposited{Amount: 5}},
	}
	if random.IntN(30) == 0 {
		return []ireneo.AnyEvent{&Closed{}}
	}
	return all[random.IntN(len(all))]
}

// Whatever is asked, in whatever place in time, the verdict is what the append then says,
// and the states are those of replays before and after it.
func TestHandle_WhatIf_IsWhatAppendDoes(t *testing.T) {
	now := &clock{now: noon}
	c := asyncConfig(Till)
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random, accepted, refused := rand.New(rand.NewPCG(seed, 0)), 0, 0
		for range 120 {
			now.Set(now.Now().Add(time.Second))
			h, events := Till.For(fmt.Sprint(random.IntN(4))), tills(random)
			var opts []ireneo.AppendOption
			if random.IntN(3) == 0 {
				opts = append(opts, ireneo.At(now.Now().Add(-time.Duration(random.IntN(40))*time.Second)))
			}
			was := replays(t, ctx, h)
			v, err := h.WhatIf(ctx, events, opts...)
			must(t, err)
			before, after := statesOf(t, v)
			if diff := cmp.Diff(was, replays(t, ctx, h)); diff != "" {
				t.Fatalf("asking has changed (-before +after):\n%s", diff)
			}

			err = h.AppendAll(ctx, events, opts...)
			if fmt.Sprint(v.Err) != fmt.Sprint(err) {
				t.Fatalf("%v: the verdict was %v, and the append says %v", events, v.Err, err)
			}
			if len(v.States) > 0 {
				if diff := cmp.Diff(was, before); diff != "" {
					t.Fatalf("before (-want +got):\n%s", diff)
				}
			}
			if err != nil {
				refused++
				continue
			}
			accepted++
			if diff := cmp.Diff(replays(t, ctx, h), after); diff != "" {
				t.Fatalf("after (-want +got):\n%s", diff)
			}
		}
		if accepted < 10 || refused < 10 {
			t.Errorf("only %d were accepted, and %d refused", accepted, refused)
		}
	})
}

func TestHandle_WhatIf_Refusals(t *testing.T) {
	c := asyncConfig(Till)
	c.MaxEvents = 10
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Till.For("a")
		ask := func(opts []ireneo.AppendOption, events ...ireneo.AnyEvent) *ireneo.Verdict {
			v, err := a.WhatIf(ctx, events, opts...)
			must(t, err)
			return v
		}
		wantError(t, ask(nil, &Deposited{Amount: 1}).Err, ireneo.ErrNotCreated)
		v := ask(nil, &Opened{Owner: "ana"}, &Deposited{Amount: 5})
		if before, after := statesOf(t, v); v.Err != nil || before["balances"] != nil || after["balances"].(*Balance).ID != "a" {
			t.Errorf("got %v: %v to %v", v.Err, before, after)
		}
		wantVersion(t, ctx, a, 0)

		must(t, a.AppendAll(ctx, []ireneo.AnyEvent{&Opened{Owner: "ana"}, &Deposited{Amount: 5}}))
		overdraws := &Withdrawn{Amount: 8}
		v = ask(nil, overdraws)
		_, after := statesOf(t, v)
		wantError(t, v.Err, ireneo.ErrInvalid)
		if got := after["account_position"].(*Position).Balance; got != -3 || len(overdraws.Errors().State()) != 1 || overdraws.Persisted() {
			t.Errorf("refused at a balance of %d: %v", got, overdraws.Errors())
		}
		if v := ask(nil, &Withdrawn{}); !errors.Is(v.Err, ireneo.ErrInvalid) || len(v.States) != 0 {
			t.Errorf("an event that cannot be: %+v", v)
		}
		wantError(t, ask([]ireneo.AppendOption{ireneo.ExpectVersion(1)}, &Deposited{Amount: 1}).Err, ireneo.ErrConflict)
		wantError(t, ask(nil).Err, ireneo.ErrNothingToAppend)
		wantError(t, ask(nil, make([]ireneo.AnyEvent, 11)...).Err, ireneo.ErrTooLarge)

		must(t, a.Append(ctx, &Closed{}))
		v = ask(nil, &Deposited{Amount: 1})
		wantError(t, v.Err, ireneo.ErrClosed)
		if _, after := statesOf(t, v); after["purses"].(*Purse).Trail != " +5 +1" {
			t.Errorf("got %+v", after["purses"])
		}
		wantVersion(t, ctx, a, 3)

		gone, cancel := context.WithCancel(ctx)
		cancel()
		if v, err := a.WhatIf(gone, []ireneo.AnyEvent{&Deposited{Amount: 1}}); err == nil || v != nil {
			t.Errorf("of a database that does not answer: %+v, %v", v, err)
		}
	})
}

// One projection that cannot be folded does not hide the others.
func TestHandle_WhatIf_AProjectionThatCannot(t *testing.T) {
	stream := *Till
	stream.CreatedBy, stream.Async = "", ireneo.Materialize(Purses.Strict())
	each(t, asyncConfig(&stream), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		v, err := stream.For("a").WhatIf(ctx, []ireneo.AnyEvent{&Noted{}})
		must(t, err)
		if v.Err != nil || len(v.States) != 3 || v.States[0].Err != nil || v.States[0].After == nil {
			t.Errorf("got %+v", v)
		}
		wantError(t, v.States[2].Err, ireneo.ErrUnknownEvent)
		if v.States[2].After != nil {
			t.Errorf("got %+v", v.States[2])
		}
	})
}

// Asking leaves no state behind that an append would be decided on.
func TestHandle_WhatIf_IsForgotten(t *testing.T) {
	each(t, asyncConfig(Till), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Till.For("a")
		must(t, a.AppendAll(ctx, []ireneo.AnyEvent{&Opened{Owner: "ana"}, &Deposited{Amount: 5}}))
		for range 3 {
			v, err := a.WhatIf(ctx, []ireneo.AnyEvent{&Deposited{Amount: 100}})
			must(t, errors.Join(err, v.Err))
		}
		wantError(t, a.Append(ctx, &Withdrawn{Amount: 6}), ireneo.ErrInvalid)
		must(t, a.Append(ctx, &Withdrawn{Amount: 5}))
		wantBalance(t, ctx, "a", 0)
	})
}

func TestLog_NewEvent(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev, err := log.NewEvent("account.deposited", []byte(` {"amount": 5, "note": "cash"} `))
		must(t, err)
		if got := ev.(*Deposited); got.Amount != 5 || got.Note != "cash" || got.Type() != "account.deposited" {
			t.Errorf("got %+v", got)
		}
		must(t, Account.For("a").Append(ctx, ev))
		for data, want := range map[string]string{
			``: "a JSON object", `null`: "a JSON object", `[]`: "a JSON object", `{"amount": 5`: "ends too early", `{"amount": x}`: "at byte",
			`{"amount": "5"}`: "amount is a string, and takes a value of type int64", `{"amount": 5, "sum": 6}`: `unknown field "sum"`,
			`{} {}`: "behind the JSON object", `{}x`: "behind the JSON object", `{"note": "` + strings.Repeat("x", 2<<20) + `"}`: "too large",
		} {
			if ev, err := log.NewEvent("account.deposited", []byte(data)); err == nil || ev != nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%.40s: got %v, %v", data, ev, err)
			}
		}
		_, err = log.NewEvent("account.lost", []byte(`{}`))
		wantError(t, err, ireneo.ErrUnknownEvent)
	})
}

func TestWhatIf_AsksForNoMeta(t *testing.T) {
	c := config()
	c.Meta = struct {
		Actor string `json:"actor" validate:"required"`
	}{}
	each(t, c, func(t *testing.T, ctx context.Context, _ *ireneo.Log) {
		wantError(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}), ireneo.ErrInvalidMeta)
		v, err := Account.For("a").WhatIf(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}})
		must(t, err)
		if v.Err != nil || len(v.States) == 0 {
			t.Errorf("the verdict is %+v", v)
		}
	})
}
