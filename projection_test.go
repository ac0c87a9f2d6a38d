package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Trace is a model that remembers how it came about.
type Trace struct {
	Steps []string
	ByID  map[string]*int
}

func (m *Trace) add(format string, args ...any) {
	m.Steps = append(m.Steps, fmt.Sprintf(format, args...))
}

var Traces = ireneo.NewProjection("traces",
	ireneo.Initial(func(m *Trace, at time.Time) { m.add("initial %s", at.Format(time.DateOnly)) }),
	ireneo.On(func(m *Trace, e *Deposited, at time.Time) { m.add("deposit %d %s", e.Amount, at.Format(time.DateOnly)) }),
	ireneo.On(func(m *Trace, e *Withdrawn, at time.Time) {
		m.add("withdrawal %d %s", e.Amount, at.Format(time.DateOnly))
	}),
	ireneo.Final(func(m *Trace, at time.Time) { m.add("final %s", at.Format(time.DateOnly)) }),
)

func TestF27_InitialThenInterpretationsThenFinal(t *testing.T) {
	now := &clock{now: noon.AddDate(0, 0, 30)}
	c := config()
	c.Clock = now.Now
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 3}, ireneo.At(noon)))
		must(t, a.Append(ctx, &Withdrawn{Amount: 1}, ireneo.At(noon.AddDate(0, 0, 1))))
		got, err := Traces.Replay(ctx, a)
		must(t, err)
		want := []string{"initial 2026-03-31", "deposit 3 2026-03-01", "withdrawal 1 2026-03-02", "final 2026-03-31"}
		if diff := cmp.Diff(want, got.Steps); diff != "" {
			t.Errorf("steps differ (-want +got):\n%s", diff)
		}
		position, err := AccountPosition.Replay(ctx, a) // without Initial: the zero model
		must(t, err)
		if position.Balance != 2 || position.Events != 2 {
			t.Errorf("got %+v", position)
		}
	})
}

func TestF28_InterpretationsGetOccurredAtInitialAndFinalTheQuerysAt(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 3}, ireneo.At(noon)))
		got, err := Traces.Replay(ctx, a, ireneo.At(noon.AddDate(0, 1, 0)))
		must(t, err)
		want := []string{"initial 2026-04-01", "deposit 3 2026-03-01", "final 2026-04-01"}
		if diff := cmp.Diff(want, got.Steps); diff != "" {
			t.Errorf("steps differ (-want +got):\n%s", diff)
		}
	})
}

func TestF28_FinalIsAppliedToEveryAppendAndNeverKept(t *testing.T) {
	type fee struct {
		Balance int64 `validate:"gte=0"`
		Fee     int64
	}
	projection := ireneo.NewProjection("fees",
		ireneo.On(func(m *fee, e *Deposited, _ time.Time) { m.Balance += e.Amount }),
		ireneo.Final(func(m *fee, _ time.Time) { m.Fee++; m.Balance -= 10 }))
	stream := &ireneo.Stream{Type: "fees", Purpose: "Takes ten in the end", Consistency: projection}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		wantError(t, stream.For("a").Append(ctx, &Deposited{Amount: 9}), ireneo.ErrInvalid)
		must(t, stream.For("a").Append(ctx, &Deposited{Amount: 10}))
		for range 5 { // a fee that stuck to the state would eat it up
			must(t, stream.For("a").Append(ctx, &Deposited{Amount: 1}))
		}
		got, err := projection.Replay(ctx, stream.For("a"))
		must(t, err)
		if got.Balance != 5 || got.Fee != 1 {
			t.Errorf("got %+v", got)
		}
	})
}

// Undecodable is stored by one program and read by another that has a different idea.
type Undecodable struct {
	ireneo.Event `name:"account.undecodable"`

	Value string `json:"value"`
}

func TestF29_UnknownEventsAreSkippedUndecoded(t *testing.T) {
	type wrong struct {
		ireneo.Event `name:"account.undecodable"`

		Value int `json:"value"`
	}
	writer := with(nil, ireneo.TypeOf[Undecodable]())
	reader := with(nil, ireneo.TypeOf[wrong]())
	each(t, writer, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 3}))
		must(t, a.Append(ctx, &Undecodable{Value: "text"}))

		ctx = ireneo.WithLog(ctx, sibling(t, log, reader))
		got, err := AccountPosition.Replay(ctx, a)
		must(t, err)
		if got.Balance != 3 {
			t.Errorf("got %+v", got)
		}
		must(t, a.Append(ctx, &Deposited{Amount: 4}))
		for ev, err := range a.Events(ctx) { // only who asks for the event itself has to decode it
			if err != nil {
				if !strings.Contains(err.Error(), "decode account.undecodable at account/a version 2") {
					t.Errorf("got error %v", err)
				}
				return
			}
			if ev.Version() == 2 {
				t.Error("version 2 was decoded")
			}
		}
	})
}

func TestF29_AStrictProjectionRefusesUnknownEvents(t *testing.T) {
	strict := &ireneo.Stream{Type: "strict", Purpose: "Wants to know everything", Transactional: ireneo.Materialize(Balances.Strict())}
	each(t, with([]*ireneo.Stream{strict}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		must(t, Account.For("a").Append(ctx, &Noted{}))
		_, err := AccountPosition.Strict().Replay(ctx, Account.For("a"))
		wantError(t, err, ireneo.ErrUnknownEvent)
		if !strings.Contains(err.Error(), "account_position has no interpretation of account.noted") {
			t.Errorf("got %v", err)
		}

		must(t, strict.For("a").Append(ctx, &Deposited{Amount: 1}))
		ev := &Noted{}
		wantError(t, strict.For("a").Append(ctx, ev), ireneo.ErrUnknownEvent)
		if ev.Persisted() {
			t.Error("the event says it is persisted")
		}
		wantVersion(t, ctx, strict.For("a"), 1)
	})
}

func TestF30_VirtualIsComputedPersistentIsUpserted(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for range 3 {
			must(t, Account.For("a").Append(ctx, &Deposited{Amount: 2}))
		}
		var rows []Balance
		q, err := Balances.Query(ctx)
		must(t, err)
		must(t, q.Where("amount > ?", 1).Find(&rows).Error)
		if len(rows) != 1 || rows[0].ID != "a" || rows[0].Amount != 6 || rows[0].Version != 3 {
			t.Errorf("got rows %+v", rows)
		}
		_, err = AccountPosition.Find(ctx, "a")
		wantError(t, err, ireneo.ErrNotMaterialized)
		_, err = AccountPosition.Query(ctx)
		wantError(t, err, ireneo.ErrNotMaterialized)
	})
}

type Limited struct {
	ID     string `gorm:"primaryKey"`
	Amount int64  `validate:"lte=5"`
}

func (Limited) TableName() string { return "owners" } // never written

func TestF30_APersistentProjectionIsValidatedFirst(t *testing.T) {
	limited := ireneo.NewProjection("limited", ireneo.On(func(l *Limited, e *Deposited, _ time.Time) { l.Amount += e.Amount }))
	stream := &ireneo.Stream{Type: "limited", Purpose: "Small amounts", Transactional: ireneo.Materialize(Balances, limited)}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ev := &Deposited{Amount: 6}
		err := stream.For("a").Append(ctx, ev)
		var failed *ireneo.ProjectionError
		var state *ireneo.InvalidStateError
		if !errors.As(err, &failed) || !errors.As(err, &state) || errors.Is(err, ireneo.ErrInvalid) || failed.Projection != "limited" {
			t.Fatalf("got %#v", err)
		}
		if want := "projection limited: state is invalid: Amount must be 5 or less"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
		wantVersion(t, ctx, stream.For("a"), 0)
		wantNoBalance(t, ctx, "a")
	})
}

func TestF31_PersistWithReplacesTheUpsert(t *testing.T) {
	var calls []int64
	var broken error
	custom := ireneo.NewProjection("custom",
		ireneo.PersistWith(func(_ context.Context, tx *gorm.DB, l *Limited) error {
			calls = append(calls, l.Amount)
			if broken != nil {
				return broken
			}
			return tx.Exec("INSERT INTO owners (id, name) VALUES (?, ?)", fmt.Sprint(l.ID, l.Amount), fmt.Sprint(l.Amount)).Error
		}),
		ireneo.On(func(l *Limited, e *Deposited, _ time.Time) { l.Amount += e.Amount }))
	stream := &ireneo.Stream{Type: "custom", Purpose: "Writes as it likes", Transactional: ireneo.Materialize(custom)}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		calls, broken = nil, nil
		a := stream.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 1}))
		must(t, a.Append(ctx, &Deposited{Amount: 2}))
		if err := a.Append(ctx, &Deposited{Amount: 9}); err == nil {
			t.Error("an invalid state was persisted")
		}
		broken = errPersist
		wantError(t, a.Append(ctx, &Deposited{Amount: 1}), errPersist)
		if diff := cmp.Diff([]int64{1, 3, 4}, calls); diff != "" {
			t.Errorf("calls differ (-want +got):\n%s", diff)
		}
		var names []string
		must(t, log.DB().Table("owners").Order("id").Pluck("name", &names).Error)
		if diff := cmp.Diff([]string{"1", "3"}, names); diff != "" {
			t.Errorf("rows differ (-want +got):\n%s", diff)
		}
	})
}

func TestF32_ASecondInterpretationOfATypeIsAMistake(t *testing.T) {
	twice := ireneo.NewProjection("twice",
		ireneo.On(func(*Position, *Deposited, time.Time) {}),
		ireneo.On(func(*Position, *Deposited, time.Time) {}))
	stream := &ireneo.Stream{Type: "twice", Purpose: "Cannot be", Consistency: twice}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := ireneo.Sibling(log, with([]*ireneo.Stream{stream}))
		if err == nil || !strings.Contains(err.Error(), "projection twice: account.deposited has more than one interpretation") {
			t.Errorf("got %v", err)
		}
		_, err = twice.Replay(ctx, Account.For("a"))
		if err == nil {
			t.Error("a projection with a mistake can be replayed")
		}
	})
}

func TestF39_GivenWhenThenWithoutADatabase(t *testing.T) {
	ev := &Deposited{Amount: 5}
	got := ireneotest.Given(t, AccountPosition, Position{Balance: 10}).When(ev, &Withdrawn{Amount: 13}).At(noon)
	if got.Balance != 2 || got.Events != 2 {
		t.Errorf("got %+v", got)
	}
	unlucky := &Withdrawn{Amount: 13}
	ireneotest.Given(t, AccountPosition, Position{Balance: 20}).When(unlucky).At(noon)
	if got := unlucky.Errors().On("amount"); len(got) != 1 {
		t.Errorf("got errors %v", unlucky.Errors().All())
	}

	trace := Traces.Initial(noon)
	Traces.Final(trace, noon.AddDate(0, 0, 1))
	if diff := cmp.Diff([]string{"initial 2026-03-01", "final 2026-03-02"}, trace.Steps); diff != "" {
		t.Errorf("steps differ (-want +got):\n%s", diff)
	}
	if err := AccountPosition.Strict().Interpret(&Position{}, &Noted{}, noon); !errors.Is(err, ireneo.ErrUnknownEvent) {
		t.Errorf("got %v", err)
	}
}

// Filled is an event with everything that is easily shared by mistake.
type Filled struct {
	ireneo.Event `name:"basket.filled"`

	Tags  map[string]int `json:"tags"`
	Lines []string       `json:"lines"`
	Fail  bool           `json:"fail"`
}

func TestStates_AreNeverSharedWithUserCode(t *testing.T) {
	type basket struct {
		Tags  map[string]int
		Lines []string
		Size  *int
	}
	projection := ireneo.NewProjection("baskets",
		ireneo.On(func(b *basket, e *Filled, _ time.Time) {
			if b.Tags == nil {
				b.Tags, b.Size = map[string]int{}, new(int)
			}
			for k, v := range e.Tags {
				b.Tags[k] += v
			}
			b.Lines = append(b.Lines, e.Lines...)
			*b.Size = len(b.Lines)
			if e.Fail {
				e.Errors().Add("fail", "as told")
			}
			if len(b.Lines) != len(b.Tags) {
				e.Errors().Add("lines", fmt.Sprintf("%v do not fit tags %v", b.Lines, b.Tags))
			}
		}))
	stream := &ireneo.Stream{Type: "basket", Purpose: "Things", Consistency: projection}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		h := stream.For("a")
		first := &Filled{Tags: map[string]int{"a": 1}, Lines: []string{"a"}}
		must(t, h.Append(ctx, first))
		first.Tags["sneaky"] = 1 // the caller's event changes after the append
		first.Lines[0] = "changed"

		failing := &Filled{Tags: map[string]int{"b": 1}, Lines: []string{"b"}, Fail: true}
		wantError(t, h.Append(ctx, failing), ireneo.ErrInvalid) // folded, and thrown away
		must(t, h.Append(ctx, &Filled{Tags: map[string]int{"c": 1}, Lines: []string{"c"}}))

		got, err := projection.Replay(ctx, h)
		must(t, err)
		size := 2
		want := &basket{Tags: map[string]int{"a": 1, "c": 1}, Lines: []string{"a", "c"}, Size: &size}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("state differs (-want +got):\n%s", diff)
		}
	})
}
