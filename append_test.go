package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

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
	replayed.ID = h.ID()
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

// Owner is a row with a constraint of its own.
type Owner struct {
	ID   string `gorm:"primaryKey"`
	Name string
}

func (Owner) TableName() string { return "owners" }

var Owners = ireneo.NewProjection("owners",
	ireneo.On(func(o *Owner, e *Opened, _ time.Time) { o.Name = e.Owner }))

var Owned = &ireneo.Stream{Type: "owned", Purpose: "Has an owner", Transactional: ireneo.Materialize(Balances, Owners)}

func TestF11_AUniqueViolationOfAReadModelIsThatProjectionsError(t *testing.T) {
	each(t, with([]*ireneo.Stream{Owned}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Owned.For("a").Append(ctx, &Opened{Owner: "Ana"}))
		err := Owned.For("b").Append(ctx, &Opened{Owner: "Ana"})
		var failed *ireneo.ProjectionError
		if !errors.As(err, &failed) || failed.Projection != "owners" || errors.Is(err, ireneo.ErrConflict) {
			t.Fatalf("got %#v: %v", err, err)
		}
	})
}

func TestF12_AfterAFailedProjectionHandleAndEventAreReusable(t *testing.T) {
	each(t, with([]*ireneo.Stream{Owned}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Owned.For("a").Append(ctx, &Opened{Owner: "Ana"}))
		b, ev := Owned.For("b"), &Opened{Owner: "Ana"}
		if err := b.Append(ctx, ev); err == nil || ev.Persisted() {
			t.Fatalf("error %v, persisted %v", err, ev.Persisted())
		}
		wantVersion(t, ctx, b, 0)
		wantNoBalance(t, ctx, "b")
		ev.Owner = "Bob"
		must(t, b.Append(ctx, ev))
		wantVersion(t, ctx, b, 1)
	})
}

func TestF13_EventThenProjectionsInOrderThenCommit(t *testing.T) {
	var order []string
	step := func(name string) *ireneo.Projection[Balance] {
		return ireneo.NewProjection(name,
			ireneo.PersistWith(func(ctx context.Context, tx *gorm.DB, b *Balance) error {
				var inside int64
				if err := tx.WithContext(ctx).Table("event_entries").Where("stream_id = ?", b.ID).Count(&inside).Error; err != nil {
					return err
				}
				order = append(order, fmt.Sprintf("%s sees %d", name, inside))
				return nil
			}),
			ireneo.On(func(*Balance, *Deposited, time.Time) {}))
	}
	stream := &ireneo.Stream{Type: "ordered", Purpose: "Order of writes", Transactional: ireneo.Materialize(step("first"), Balances, step("second"))}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		order = nil
		must(t, stream.For("a").Append(ctx, &Deposited{Amount: 4}))
		if diff := cmp.Diff([]string{"first sees 1", "second sees 1"}, order); diff != "" {
			t.Errorf("order differs (-want +got):\n%s", diff)
		}
		wantBalance(t, ctx, "a", 4)
	})
}

var errPersist = errors.New("the printer is on fire")

func TestF14_AFailingProjectionRollsEverythingBack(t *testing.T) {
	broken := true
	failing := ireneo.NewProjection("failing",
		ireneo.PersistWith(func(context.Context, *gorm.DB, *Owner) error {
			if broken {
				return fmt.Errorf("persist: %w", errPersist)
			}
			return nil
		}),
		ireneo.On(func(*Owner, *Deposited, time.Time) {}))
	stream := &ireneo.Stream{Type: "failing", Purpose: "Fails", Transactional: ireneo.Materialize(Balances, failing)}
	each(t, with([]*ireneo.Stream{stream}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		broken = true
		ev := &Deposited{Amount: 4}
		err := stream.For("a").Append(ctx, ev)
		var failed *ireneo.ProjectionError
		if !errors.Is(err, errPersist) || !errors.As(err, &failed) || failed.Projection != "failing" {
			t.Fatalf("got %v", err)
		}
		if ev.Persisted() {
			t.Error("the event says it is persisted")
		}
		wantVersion(t, ctx, stream.For("a"), 0)
		wantNoBalance(t, ctx, "a")

		broken = false
		must(t, stream.For("a").Append(ctx, ev))
		wantBalance(t, ctx, "a", 4)
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
				for {
					err := Journal.For("a").Append(at, ev, ireneo.IdempotencyKey("k"))
					if errors.Is(err, ireneo.ErrConflict) {
						continue // somebody else's version came first: the caller decides again
					}
					if err != nil {
						t.Error(err)
					}
					break
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

func TestAppendAll_IsAllOrNothing(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		wantError(t, a.AppendAll(ctx, nil), ireneo.ErrNothingToAppend)
		batch := []ireneo.AnyEvent{&Deposited{Amount: 5}, &Withdrawn{Amount: 6}}
		wantError(t, a.AppendAll(ctx, batch), ireneo.ErrInvalid)
		wantVersion(t, ctx, a, 0)

		batch = []ireneo.AnyEvent{&Withdrawn{Amount: 5}, &Deposited{Amount: 6}} // only the end counts
		must(t, a.AppendAll(ctx, batch, ireneo.IdempotencyKey("k")))
		if got := versions(batch); got != " 1 2" || batch[1].Position() != batch[0].Position()+1 {
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
