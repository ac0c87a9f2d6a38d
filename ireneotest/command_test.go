package ireneotest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

type opened struct {
	ireneo.Event `name:"purse.opened"`

	Owner string `json:"owner" validate:"required"`
}

type paid struct { // into it, or out of it where the amount is below zero
	ireneo.Event `name:"purse.paid"`

	Amount int64 `json:"amount"`
	note   string
}

type shut struct {
	ireneo.Event `name:"purse.shut"`
}

type contents struct {
	Owner  string
	Amount int64 `validate:"gte=0"`
}

var purses = ireneo.NewProjection("purses",
	ireneo.On(func(c *contents, e *opened, _ time.Time) { c.Owner = e.Owner }),
	ireneo.On(func(c *contents, e *paid, _ time.Time) { c.Amount += e.Amount }),
)

// row is a read model of a purse, kept with every append.
type row struct {
	ID     string `gorm:"primaryKey"`
	Amount int64
}

var rows = ireneo.NewProjection("rows",
	ireneo.On(func(r *row, e *paid, _ time.Time) { r.Amount += e.Amount }),
)

var purse = &ireneo.Stream{
	Type: "purse", Purpose: "A purse", CreatedBy: "purse.opened", ClosedBy: "purse.shut",
	Consistency: purses, Transactional: ireneo.Materialize(rows),
}

var pursesConfig = ireneo.Config{Streams: []*ireneo.Stream{purse}, Events: []ireneo.EventType{ireneo.TypeOf[shut]()}}

// hand moves money from one purse to another.
type hand struct {
	ireneo.Command `name:"purse.hand"`

	From   string `json:"from" validate:"required"`
	To     string `json:"to" label:"Whom" validate:"required,nefield=From"`
	Amount int64  `json:"amount" validate:"gt=0"`

	then func(ctx context.Context, b *ireneo.Boundary, from, to *ireneo.Loaded[contents]) error
}

func (c *hand) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, purse.For(c.From), purses)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, purse.For(c.To), purses)
	if err != nil {
		return err
	}
	if c.then != nil {
		return c.then(ctx, b, from, to)
	}
	if from.State.Amount < c.Amount {
		return b.Reject("amount", "is not there")
	}
	from.Append(&paid{Amount: -c.Amount})
	to.Append(&paid{Amount: c.Amount, note: "the log does not have it"})
	return nil
}

// two are purses, of which the first has 100.
func two(t testing.TB) *ireneotest.History {
	return ireneotest.Commands(t, pursesConfig).
		Given(purse.For("a"), &opened{Owner: "ana"}, &paid{Amount: 100}).
		Given(purse.For("b"), &opened{Owner: "ben"})
}

// sayings are tests of commands, and what they fail with: each is part of one message.
type sayings map[string]struct {
	test func(t testing.TB)
	says []string
}

func TestC17_Commands_Accepted(t *testing.T) {
	handed := func(t testing.TB) *ireneotest.Outcome { return two(t).When(&hand{From: "a", To: "b", Amount: 30}) }
	idle := func(t testing.TB) *ireneotest.Outcome { return two(t).When(whose(nil)) }
	sayings{
		"appended": {func(t testing.TB) {
			handed(t).Then(purse.For("a"), &paid{Amount: -30}).Then(purse.For("b"), &paid{Amount: 30})
		}, nil},
		"another event": {func(t testing.TB) {
			handed(t).Then(purse.For("a"), &paid{Amount: -31}).Then(purse.For("b"), &shut{})
		}, []string{"events of purse/a differ (-want +got)", "events of purse/b differ"}},
		"one more": {func(t testing.TB) {
			handed(t).Then(purse.For("a"), &paid{Amount: -30}, &shut{}).Then(purse.For("b"), &paid{Amount: 30})
		}, []string{"purse/a differ"}},
		"another stream": {func(t testing.TB) {
			handed(t).Then(purse.For("a"), &paid{Amount: -30}).Then(purse.For("b"), &paid{Amount: 30}).Then(purse.For("c"), &shut{})
		}, []string{"purse/c differ"}},
		"left out": {func(t testing.TB) {
			handed(t).Then(purse.For("a"), &paid{Amount: -30})
		}, []string{"appended what no Then speaks of:\n\tpurse/b: purse.paid {\"amount\":30}\n"}},
		"nothing said":   {func(t testing.TB) { handed(t) }, []string{"what no Then speaks of:\n\tpurse/a: purse.paid {\"amount\":-30}\n\tpurse/b"}},
		"not nothing":    {func(t testing.TB) { handed(t).ThenNothing() }, []string{"it appended something:\n\tpurse/a"}},
		"not rejected":   {func(t testing.TB) { handed(t).ThenRejected("amount", "is not there") }, []string{"it was accepted; want it rejected: amount is not there"}},
		"not failed":     {func(t testing.TB) { handed(t).ThenFailed(ireneo.ErrClosed) }, []string{"got <nil>, want the error"}},
		"nothing":        {func(t testing.TB) { idle(t).ThenNothing() }, nil},
		"nothing unsaid": {func(t testing.TB) { idle(t) }, []string{"no ThenNothing says so"}},
	}.hold(t)
}

func TestC17_Commands_Refused(t *testing.T) {
	refused := func(t testing.TB) *ireneotest.Outcome { return two(t).When(&hand{From: "a", To: "b", Amount: 101}) }
	invalid := func(t testing.TB) *ireneotest.Outcome { return two(t).When(&hand{From: "a"}) }
	closed := func(t testing.TB) *ireneotest.Outcome {
		return two(t).Given(purse.For("b"), &shut{}).When(&hand{From: "a", To: "b", Amount: 30})
	}
	sayings{
		"rejected":        {func(t testing.TB) { refused(t).ThenRejected("amount", "is not there") }, nil},
		"rejected in all": {func(t testing.TB) { refused(t).ThenRejected("amount", "Amount is not there") }, nil},
		"part of it":      {func(t testing.TB) { refused(t).ThenRejected("amount", "not there") }, []string{"messages differ (-want +got)"}},
		"another field":   {func(t testing.TB) { refused(t).ThenRejected("from", "is not there") }, []string{"messages differ"}},
		"all of another":  {func(t testing.TB) { refused(t).ThenRejected("from", "Amount is not there") }, []string{"messages differ"}},
		"said twice": {func(t testing.TB) {
			refused(t).ThenRejected("amount", "is not there").ThenRejected("amount", "is not there")
		}, []string{"messages differ"}},
		"accepted after all": {func(t testing.TB) {
			refused(t).Then(purse.For("a"), &paid{Amount: -101}).Then(purse.For("b"), &paid{Amount: 101})
		}, []string{"it was not accepted: purse.hand is rejected: Amount is not there"}},
		"not nothing": {func(t testing.TB) { refused(t).ThenNothing() }, []string{"it was not accepted"}},
		"unsaid":      {func(t testing.TB) { refused(t) }, []string{"refused with more than the test says"}},
		"by its tags": {func(t testing.TB) {
			invalid(t).ThenRejected("to", "is required").ThenRejected("amount", "must be greater than 0")
		}, nil},
		"one of two messages":  {func(t testing.TB) { invalid(t).ThenRejected("to", "Whom is required") }, []string{"refused with more than the test says"}},
		"by the lifecycle":     {func(t testing.TB) { closed(t).ThenFailed(ireneo.ErrClosed) }, nil},
		"failed, not rejected": {func(t testing.TB) { closed(t).ThenRejected("to", "is closed") }, []string{"it failed; want it rejected: append purse.paid to purse/b"}},
		"failed, unsaid":       {func(t testing.TB) { closed(t) }, []string{"refused with more than the test says: append purse.paid to purse/b"}},
		"failed otherwise":     {func(t testing.TB) { closed(t).ThenFailed(ireneo.ErrNotCreated) }, []string{"want the error stream does not exist yet"}},
	}.hold(t)
}

func TestC17_Commands_Mistaken(t *testing.T) {
	sayings{
		"given what cannot be": {func(t testing.TB) {
			ireneotest.Commands(t, pursesConfig).Given(purse.For("a"), &paid{Amount: 1})
		}, []string{"given purse/a: append purse.paid to purse/a"}},
		"declarations": {func(t testing.TB) {
			ireneotest.Commands(t, ireneo.Config{Streams: []*ireneo.Stream{{}}})
		}, []string{"stream type"}},
	}.hold(t)
}

// hold runs the tests and compares what they say.
func (s sayings) hold(t *testing.T) {
	t.Helper()
	for name, tt := range s {
		t.Run(name, func(t *testing.T) {
			got := watch(tt.test)
			if len(got) != len(tt.says) {
				t.Fatalf("it says %q, want %q", got, tt.says)
			}
			for i, want := range tt.says {
				if !strings.Contains(strings.ReplaceAll(got[i], "\u00a0", " "), want) {
					t.Errorf("it says %q, want %q in it", got[i], want)
				}
			}
		})
	}
}

// whose decides by a function.
func whose(then func(context.Context, *ireneo.Boundary, *ireneo.Loaded[contents], *ireneo.Loaded[contents]) error) *hand {
	if then == nil {
		then = func(context.Context, *ireneo.Boundary, *ireneo.Loaded[contents], *ireneo.Loaded[contents]) error {
			return nil
		}
	}
	return &hand{From: "a", To: "b", Amount: 1, then: then}
}

// The state that a command would lead to is refused as an append would be.
func TestC17_Commands_StateIsGuarded(t *testing.T) {
	two(t).When(whose(func(_ context.Context, _ *ireneo.Boundary, from, _ *ireneo.Loaded[contents]) error {
		from.Append(&paid{Amount: -101})
		return nil
	})).ThenRejected("amount", "Led to invalid state: Amount must be 0 or greater")
}

// What one command has done, the next one finds.
func TestC17_Commands_OneAfterTheOther(t *testing.T) {
	h := two(t)
	for range 3 {
		h.When(&hand{From: "a", To: "b", Amount: 30}).Then(purse.For("a"), &paid{Amount: -30}).Then(purse.For("b"), &paid{Amount: 30})
	}
	h.When(&hand{From: "a", To: "b", Amount: 30}).ThenRejected("amount", "is not there")
	h.When(&hand{From: "b", To: "a", Amount: 90}).Then(purse.For("b"), &paid{Amount: -90}).Then(purse.For("a"), &paid{Amount: 90})
}

func TestC17_Commands_BeginAStream(t *testing.T) {
	got := two(t).When(whose(func(ctx context.Context, b *ireneo.Boundary, _, _ *ireneo.Loaded[contents]) error {
		third, err := ireneo.Load(ctx, b, purse.For(b.ID()), purses)
		if err == nil {
			third.Append(&opened{Owner: "cem"})
		}
		return err
	}))
	got.Then(purse.For(got.ID()), &opened{Owner: "cem"})
}

// A command meets the clock and the meta of the test.
func TestC17_Commands_ClockAndMeta(t *testing.T) {
	monday := time.Date(2026, 2, 2, 9, 0, 0, 0, time.UTC)
	two(t).At(monday).With(map[string]string{ireneo.ActorKey: "ana"}).When(whose(
		func(_ context.Context, b *ireneo.Boundary, _, to *ireneo.Loaded[contents]) error {
			if !b.Now().Equal(monday) {
				t.Errorf("it is %s, want %s", b.Now(), monday)
			}
			to.Append(&paid{Amount: 1})
			return nil
		})).Then(purse.For("b"), &paid{Amount: 1})

	config := pursesConfig
	config.Meta = struct {
		Actor string `json:"actor" validate:"required"`
	}{}
	if got := watch(func(t testing.TB) { ireneotest.Commands(t, config).Given(purse.For("a"), &opened{Owner: "ana"}) }); len(got) != 1 {
		t.Errorf("without the meta that is demanded it says %q", got)
	}
	ireneotest.Commands(t, config).With(map[string]string{"actor": "ana"}).Given(purse.For("a"), &opened{Owner: "ana"})
}

// A command that asks for what is not there is told so.
func TestC17_Commands_HaveNoDatabase(t *testing.T) {
	for name, ask := range map[string]func(ctx context.Context) error{
		"a row": func(ctx context.Context) error { _, err := rows.Find(ctx, "a"); return err },
		"rows": func(ctx context.Context) error {
			q, err := rows.Query(ctx)
			return errors.Join(err, q.Where("amount > ?", 1).Find(&[]row{}).Error)
		},
		"a sum": func(ctx context.Context) error {
			q, err := rows.Query(ctx)
			var n int64
			return errors.Join(err, q.Count(&n).Error)
		},
		"statements": func(ctx context.Context) error {
			q, err := rows.Query(ctx)
			var n int64
			return errors.Join(err, q.Raw("SELECT ?", 1).Scan(&n).Error)
		},
	} {
		t.Run(name, func(t *testing.T) {
			two(t).When(whose(func(ctx context.Context, _ *ireneo.Boundary, _, _ *ireneo.Loaded[contents]) error { return ask(ctx) })).
				ThenFailed(errors.ErrUnsupported)
		})
	}
}

// A command may be decided on a query over the log, too.
func TestC17_Commands_Matching(t *testing.T) {
	count := func(ctx context.Context, b *ireneo.Boundary, _, to *ireneo.Loaded[contents]) error {
		found, err := b.Matching(ctx, ireneo.Filter{Types: []string{"purse.paid"}})
		to.Append(&paid{Amount: int64(len(found))})
		return err
	}
	h := two(t)
	h.When(whose(count)).Then(purse.For("b"), &paid{Amount: 1})
	h.When(whose(count)).Then(purse.For("b"), &paid{Amount: 2})
}

// A hundred tests of commands take less than a second.
func TestC17_Commands_TakeMilliseconds(t *testing.T) {
	began := time.Now()
	for range 100 {
		two(t).When(&hand{From: "a", To: "b", Amount: 30}).Then(purse.For("a"), &paid{Amount: -30}).Then(purse.For("b"), &paid{Amount: 30})
	}
	if took := time.Since(began); took > 5*time.Second { // under the race detector, on a busy machine
		t.Errorf("they took %s", took)
	}
}

// watch runs a test to its end and returns what it fails with.
func watch(test func(testing.TB)) []string {
	s := &spy{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for _, f := range slices.Backward(s.cleanups) {
				f()
			}
		}()
		test(s)
	}()
	<-done
	return s.said
}

// spy is a test that notes what it fails with.
type spy struct {
	testing.TB // nil: nothing else of it is called
	said       []string
	cleanups   []func()
}

func (s *spy) Context() context.Context { return context.Background() }
func (s *spy) Output() io.Writer        { return io.Discard }
func (s *spy) Helper()                  {}
func (s *spy) Cleanup(f func())         { s.cleanups = append(s.cleanups, f) }
func (s *spy) Error(args ...any)        { s.said = append(s.said, fmt.Sprint(args...)) }
func (s *spy) Errorf(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

func (s *spy) Fatal(args ...any) {
	s.Error(args...)
	runtime.Goexit()
}

func (s *spy) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

func ExampleCommands() {
	test := func(t testing.TB) { // TestHand in your tests
		ireneotest.Commands(t, pursesConfig).
			Given(purse.For("a"), &opened{Owner: "ana"}, &paid{Amount: 100}).
			Given(purse.For("b"), &opened{Owner: "ben"}).
			When(&hand{From: "a", To: "b", Amount: 30}).
			Then(purse.For("a"), &paid{Amount: -30}).
			Then(purse.For("b"), &paid{Amount: 30})

		ireneotest.Commands(t, pursesConfig).
			When(&hand{From: "a", To: "b", Amount: 30}).
			ThenRejected("amount", "is not there")
	}
	fmt.Println(watch(test))
	// Output: []
}
