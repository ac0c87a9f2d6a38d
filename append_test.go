package ireneo_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

func TestF01_FirstAppendMakesVersionOne(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		wantVersion(t, ctx, a, 0)
		for want := int64(1); want <= 3; want++ {
			ev := &Deposited{Amount: 1}
			must(t, a.Append(ctx, ev))
			if ev.Version() != want {
				t.Errorf("got version %d, want %d", ev.Version(), want)
			}
		}
		must(t, Account.For("b").Append(ctx, &Deposited{Amount: 1}))
		wantVersion(t, ctx, Account.For("b"), 1)

		must(t, Journal.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Noted{}, &Noted{}}))
		must(t, Journal.For("a").Append(ctx, &Noted{}))
		if got := versions(collect(t, ctx, Journal.For("a"))); got != " 1 2 3" {
			t.Errorf("got versions%s", got)
		}
	})
}

func TestF01_VersionIsUniqueInTheDatabase(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		err := log.DB().Exec(`INSERT INTO event_entries
			(position, stream_type, stream_id, version, event_id, type, schema_version, data, meta, recorded_at, occurred_at)
			SELECT position + 1000, stream_type, stream_id, version, '0196f5a0-0000-7000-8000-000000000000', type, schema_version, data, meta, recorded_at, occurred_at
			FROM event_entries`).Error
		if err == nil {
			t.Error("the database took a second event of the same version")
		}
		wantVersion(t, ctx, Account.For("a"), 1)
	})
}

func TestF02_TagsAreCheckedBeforeAnythingIsRead(t *testing.T) {
	folded := 0
	watched := ireneo.NewProjection("watched",
		ireneo.On(func(*Position, *Deposited, time.Time) { folded++ }))
	stream := &ireneo.Stream{Type: "watched", Purpose: "Counts folds", Consistency: watched}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, stream.For("a").Append(ctx, &Deposited{Amount: 1}))
		folded = 0

		ev := &Deposited{Amount: -1}
		wantError(t, stream.For("a").Append(ctx, ev), ireneo.ErrInvalid)
		want := []ireneo.FieldError{{Field: "amount", Message: "Amount must be greater than 0"}}
		if diff := cmp.Diff(want, ev.Errors().Own()); diff != "" {
			t.Errorf("own errors differ (-want +got):\n%s", diff)
		}
		if len(ev.Errors().State()) != 0 || folded != 0 || ev.Persisted() {
			t.Errorf("state errors %v, %d folds, persisted %v", ev.Errors().State(), folded, ev.Persisted())
		}
		wantVersion(t, ctx, stream.For("a"), 1)
	})
}

func TestF03_AnInvalidStateRejectsTheEvent(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 10}))
		for _, how := range []string{"warm", "cold"} {
			if how == "cold" {
				ctx = ireneo.WithLog(ctx, sibling(t, log, config()))
			}
			ev := &Withdrawn{Amount: 11}
			wantError(t, a.Append(ctx, ev), ireneo.ErrInvalid)
			want := []ireneo.FieldError{{Field: "balance", Message: "Led to invalid state: Balance must be 0 or greater"}}
			if diff := cmp.Diff(want, ev.Errors().State()); diff != "" {
				t.Errorf("%s: state errors differ (-want +got):\n%s", how, diff)
			}
			if len(ev.Errors().Own()) != 0 || ev.Persisted() {
				t.Errorf("%s: own errors %v, persisted %v", how, ev.Errors().Own(), ev.Persisted())
			}
			wantVersion(t, ctx, a, 1)
			wantBalance(t, ctx, "a", 10)
		}
	})
}

func TestF03_ARejectionIsNeverDecidedOnAStaleState(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 10}))
		other := ireneo.WithLog(ctx, sibling(t, log, config()))
		must(t, a.Append(other, &Deposited{Amount: 90})) // this process has not seen it

		must(t, a.Append(ctx, &Withdrawn{Amount: 100}))
		wantBalance(t, ctx, "a", 0)
	})
}

func TestF04_AnInterpretationMayReject(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 100}))
		ev := &Withdrawn{Amount: 13}
		wantError(t, a.Append(ctx, ev), ireneo.ErrInvalid)
		if got := ev.Errors().On("amount"); len(got) != 1 || got[0] != "Amount is unlucky" {
			t.Errorf("got messages %q", got)
		}
		if len(ev.Errors().State()) != 0 {
			t.Errorf("got state errors %v", ev.Errors().State())
		}
		wantVersion(t, ctx, a, 1)
	})
}

func TestF05_ARetroactiveEventIsCheckedInItsPlace(t *testing.T) {
	day := func(n int) ireneo.AtOption { return ireneo.At(noon.AddDate(0, 0, n)) }
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for name, tt := range map[string]struct {
			ev    ireneo.AnyEvent
			day   int
			wants string // in the message; empty: accepted
		}{
			"before there is money":       {&Withdrawn{Amount: 1}, -1, "Balance must be 0 or greater"},
			"spends what was spent later": {&Withdrawn{Amount: 60}, 2, "account.withdrawn of 2026-03-04 (version 2) would fail: Balance must be 0 or greater"},
			"fits in between":             {&Withdrawn{Amount: 20}, 2, ""},
			"rejected by interpretation":  {&Withdrawn{Amount: 13}, 2, "Amount is unlucky"},
			"more money earlier":          {&Deposited{Amount: 5}, -3, ""},
		} {
			for _, how := range []string{"warm", "cold"} {
				t.Run(name+" "+how, func(t *testing.T) {
					a := Account.For(strings.ReplaceAll(name, " ", "-") + how)
					must(t, a.Append(ctx, &Deposited{Amount: 100}, day(0)))
					must(t, a.Append(ctx, &Withdrawn{Amount: 80}, day(3)))
					must(t, a.Append(ctx, &Deposited{Amount: 90}, day(5))) // the end alone would be fine
					at := ctx
					if how == "cold" {
						at = ireneo.WithLog(ctx, sibling(t, log, config()))
					}

					ev := reused(tt.ev)
					err := a.Append(at, ev, day(tt.day))
					if tt.wants == "" {
						must(t, err)
						assertSameAsReplay(t, at, a)
						return
					}
					wantError(t, err, ireneo.ErrInvalid)
					if !strings.Contains(err.Error(), tt.wants) {
						t.Errorf("got %q, want it to say %q", err, tt.wants)
					}
					wantVersion(t, at, a, 3)
				})
			}
		}
	})
}

// reused gives an event a fresh copy for each case of a table.
func reused(ev ireneo.AnyEvent) ireneo.AnyEvent {
	switch e := ev.(type) {
	case *Withdrawn:
		return &Withdrawn{Amount: e.Amount}
	case *Deposited:
		return &Deposited{Amount: e.Amount}
	}
	return ev
}

// assertSameAsReplay compares the stored row with a fold of the log, and sees that the
// next append still knows what happened.
func assertSameAsReplay(t *testing.T, ctx context.Context, h *ireneo.Handle) {
	t.Helper()
	row, err := Balances.Find(ctx, h.ID())
	must(t, err)
	replayed, err := Balances.Replay(ctx, h)
	must(t, err)
	if diff := cmp.Diff(replayed, row); diff != "" {
		t.Errorf("row differs from replay (-replay +row):\n%s", diff)
	}
	err = h.Append(ctx, &Withdrawn{Amount: row.Amount + 1})
	wantError(t, err, ireneo.ErrInvalid)
}

func TestF05_ErrorsThatWereThereBeforeAreNotBlamedOnTheEvent(t *testing.T) {
	lax := *Account
	lax.Consistency = nil
	laxConfig := config()
	laxConfig.Streams = []*ireneo.Stream{&lax, Journal}
	each(t, laxConfig, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, lax.For("a").Append(ctx, &Deposited{Amount: 100}, ireneo.At(noon)))
		must(t, lax.For("a").Append(ctx, &Withdrawn{Amount: 13}, ireneo.At(noon.AddDate(0, 0, 5)))) // today's rules refuse it

		strict := ireneo.WithLog(ctx, sibling(t, log, config()))
		must(t, Account.For("a").Append(strict, &Deposited{Amount: 1}, ireneo.At(noon.AddDate(0, 0, 2))))
	})
}

func TestF06_ErrorsOfOtherProjectionsRejectNothingAndAreLoggedOnce(t *testing.T) {
	grumbling := ireneo.NewProjection("grumbling",
		ireneo.On(func(b *Balance, e *Deposited, _ time.Time) { e.Errors().Add("amount", "I do not like it") }))
	stream := &ireneo.Stream{Type: "grumbling", Purpose: "Complains", Transactional: ireneo.Materialize(grumbling)}
	var lines safeBuffer
	c := with([]*ireneo.Stream{stream})
	c.Logger = textLogger(&lines)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, stream.For("a").Append(ctx, &Deposited{Amount: 1}))
		other := ireneo.WithLog(ctx, sibling(t, log, with([]*ireneo.Stream{stream})))
		must(t, stream.For("a").Append(other, &Deposited{Amount: 2}))
		lines.Reset()

		ev := &Deposited{Amount: 5}
		must(t, stream.For("a").Append(ctx, ev)) // decided twice: the cache is old
		if !ev.Errors().Empty() || !ev.Persisted() {
			t.Errorf("errors %v, persisted %v", ev.Errors().All(), ev.Persisted())
		}
		if got := strings.Count(lines.String(), "I do not like it"); got != 1 {
			t.Errorf("logged %d times, want once:\n%s", got, lines.String())
		}
	})
}

func TestF07_ErrorsAreOwnPlusState(t *testing.T) {
	c := config()
	c.Messages.LedToInvalidState = "Ungültiger Zustand: "
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Withdrawn{Amount: 13}
		err := Account.For("a").Append(ctx, ev)
		wantError(t, err, ireneo.ErrInvalid)
		want := append(ev.Errors().Own(), ev.Errors().State()...)
		if diff := cmp.Diff(want, ev.Errors().All()); diff != "" || len(want) != 2 {
			t.Errorf("all errors differ (-want +got):\n%s", diff)
		}
		if got := ev.Errors().State()[0].Message; got != "Ungültiger Zustand: Balance must be 0 or greater" {
			t.Errorf("got %q", got)
		}
		var invalid *ireneo.InvalidError
		if !errors.As(err, &invalid) || invalid.Event != ev {
			t.Errorf("the error does not carry the event: %#v", err)
		}
	})
}

func TestF08_ARejectedEventCanBeFixedAndAppended(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 10}))
		ev := &Withdrawn{Amount: 0}
		wantError(t, a.Append(ctx, ev), ireneo.ErrInvalid) // own
		ev.Amount = 11
		wantError(t, a.Append(ctx, ev), ireneo.ErrInvalid) // state
		if len(ev.Errors().Own()) != 0 {
			t.Errorf("own errors of the append before are still there: %v", ev.Errors().Own())
		}
		ev.Amount = 10
		must(t, a.Append(ctx, ev))
		if !ev.Errors().Empty() || ev.Version() != 2 {
			t.Errorf("errors %v, version %d", ev.Errors().All(), ev.Version())
		}
	})
}

func TestAppendAll_IsAllOrNothing(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		wantError(t, a.AppendAll(ctx, nil), ireneo.ErrNothingToAppend)
		batch := []ireneo.AnyEvent{&Deposited{Amount: 5}, &Withdrawn{Amount: 6}}
		wantError(t, a.AppendAll(ctx, batch), ireneo.ErrInvalid)
		wantVersion(t, ctx, a, 0)

		batch = []ireneo.AnyEvent{&Withdrawn{Amount: 5}, &Deposited{Amount: 6}} // only the end counts
		must(t, a.AppendAll(ctx, batch, ireneo.IdempotencyKey("k")))
		if got := versions(batch); got != " 1 2" || batch[1].Position() != batch[0].Position() {
			t.Errorf("got versions%s", got)
		}
		again := []ireneo.AnyEvent{&Withdrawn{Amount: 1}, &Deposited{Amount: 1}}
		must(t, a.AppendAll(ctx, again, ireneo.IdempotencyKey("k")))
		if again[1].ID() != batch[1].ID() {
			t.Error("the second batch did not become the first")
		}
		wantBalance(t, ctx, "a", 1)
	})
}

// TestAppend_TakesAnyMeta has ids in the meta that are escaped, too long, or none at all: what
// can be looked up is found, and no append fails for the rest.
func TestAppend_TakesAnyMeta(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		type both struct {
			Correlation any `json:"correlation_id"`
			Causation   any `json:"causation_id"`
		}
		long := strings.Repeat("ü", 200)
		for text, meta := range map[string]any{
			"escaped":  json.RawMessage(`{"correlation_id":"a\u0026b\"","causation_id":"\ud83d\ude00"}`),
			"longest":  both{long, long},
			"too long": both{long + "x", long + "x"},
			"number":   both{12, 12.5},
			"nested":   both{map[string]any{"correlation_id": "inner"}, []string{"inner"}},
			"null":     both{},
			"empty":    both{"", ""},
			"inside":   map[string]any{"note": both{"inner", "inner"}},
		} {
			must(t, Journal.For(text).Append(ireneo.WithMeta(ctx, meta), &Noted{Text: text}))
		}

		wantFound(t, ctx, log, where("meta.correlation_id", "=", `a&b"`), "escaped")
		wantFound(t, ctx, log, where("meta.causation_id", "=", "\U0001F600"), "escaped")
		for _, key := range []string{"meta.correlation_id", "meta.causation_id"} {
			wantFound(t, ctx, log, where(key, "=", long), "longest")
			for _, other := range []string{long + "x", "12", "12.5", "inner", "null"} {
				wantFound(t, ctx, log, where(key, "=", other))
			}
		}
	})
}
