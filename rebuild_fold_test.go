package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Many streams with much in them are folded a part at a time, by several goroutines. Where
// it fails in the middle the error says at which stream, nothing of it is in use, and where
// it is canceled there the next one goes on.
func TestS20_RebuildOfMuch(t *testing.T) {
	var fails func(e *Deposited)
	much := asyncConfig(&ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(ireneo.NewProjection("purses",
		ireneo.On(func(p *Purse, e *Deposited, _ time.Time) {
			p.Amount += e.Amount
			fails(e)
		}),
	))})
	each(t, much, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		fails = func(*Deposited) {}
		for i := range 40 {
			for n := range 2 {
				must(t, PurseStream.For(fmt.Sprintf("p%02d", i)).Append(ctx, &Deposited{Amount: int64(i + n + 1), Note: strings.Repeat("x", 100_000)}))
			}
		}
		caughtUp(t, ctx, log)
		damaged(t, log)

		fails = func(e *Deposited) {
			if e.StreamID() == "p29" {
				panic("the disk is green at " + e.StreamID())
			}
		}
		if err := log.Rebuild(ctx, "purses", nil); err == nil || err.Error() != "rebuild purses: panic: the disk is green at p29" {
			t.Errorf("got %v", err)
		}
		if r := lastRebuild(t, ctx, log, "purses"); r.Phase != "failed" || r.Running || hasTable(log, "purses__shadow") {
			t.Errorf("it failed as %+v", r)
		}
		must(t, log.DB().Exec("UPDATE purses SET amount = 0 WHERE id = 'p00'").Error)

		going, cancel := context.WithCancel(ctx)
		fails = func(e *Deposited) {
			if e.StreamID() == "p29" {
				cancel()
			}
		}
		wantError(t, ireneo.RebuildSteps(going, log, "purses", false, 3, func(ireneo.Rebuild) {}), context.Canceled)
		cut := lastRebuild(t, ctx, log, "purses")
		if cut.Phase != "filling" || cut.Rows%3 != 0 || cut.Rows > 29 || cut.Events != 2*cut.Rows {
			t.Errorf("it was cut off as %+v", cut)
		}

		fails = func(*Deposited) {}
		must(t, log.Rebuild(ctx, "purses", nil))
		wantVerified(t, ctx, log, "purses")
		if r := lastRebuild(t, ctx, log, "purses"); !r.StartedAt.Equal(cut.StartedAt) || r.Rows != 40 || r.Events != 80 {
			t.Errorf("cut off as %+v it went on as %+v", cut, r)
		}
	})
}

// A row that breaks its own tags is named, and of several the first.
func TestS20_RebuildNamesTheRowThatIsInvalid(t *testing.T) {
	invalid := asyncConfig(&ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(ireneo.NewProjection("purses",
		ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Amount -= e.Amount }),
	))})
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for i := range 20 {
			must(t, PurseStream.For(fmt.Sprintf("p%02d", i)).Append(ctx, &Noted{}))
		}
		for i := range 10 {
			must(t, PurseStream.For(fmt.Sprintf("p%02d", 19-i)).Append(ctx, &Deposited{Amount: 1, Note: strings.Repeat("x", 200_000)}))
		}
		var wrong *ireneo.InvalidStateError
		err := sibling(t, log, invalid).Rebuild(ctx, "purses", nil)
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), "row p10: ") {
			t.Errorf("got %v", err)
		}
	})
}

// Fuse is what goes off where it is decoded.
type Fuse string

// fuseIsWet keeps it from that.
var fuseIsWet atomic.Bool

func (f *Fuse) UnmarshalJSON(data []byte) error {
	if *f = Fuse(data); *f == `"short"` && !fuseIsWet.Load() {
		panic("it went off")
	}
	return nil
}

type Lit struct {
	ireneo.Event `name:"account.lit"`

	Key  string `json:"key"`
	N    int64  `json:"n"`
	Fuse Fuse   `json:"fuse"`
}

// Rows by key are folded in the order of the log, by however many goroutines their events
// are decoded; and what cannot be decoded ends the rebuild at its place.
func TestS20_RebuildByKeyKeepsTheOrder(t *testing.T) {
	c := asyncConfig()
	c.Events = append(c.Events, ireneo.TypeOf[Lit]())
	c.Projections = []ireneo.AnyProjection{ireneo.NewProjection("payers",
		ireneo.OnBy(func(e *Lit) string { return e.Key }, func(p *Payer, e *Lit, _ time.Time) { p.Amount = (p.Amount*31 + e.N) % 1_000_003; p.Times++ }),
	)}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		fuseIsWet.Store(true)
		want := map[string]Payer{}
		for first := range 8 {
			var events []ireneo.AnyEvent
			for i := range 300 {
				key, n := fmt.Sprint("k", i%7), int64(first*300+i)
				events = append(events, &Lit{Key: key, N: n, Fuse: Fuse([]string{"long", "short"}[max(0, first-6)])})
				want[key] = Payer{ID: key, Amount: (want[key].Amount*31 + n) % 1_000_003, Times: want[key].Times + 1}
			}
			must(t, PurseStream.For(fmt.Sprint("s", first)).AppendAll(ctx, events))
		}
		must(t, log.Rebuild(ctx, "payers", nil))
		for key, row := range want {
			var got Payer
			must(t, log.DB().First(&got, "id = ?", key).Error)
			if got != row {
				t.Errorf("got %+v, want %+v", got, row)
			}
		}

		fuseIsWet.Store(false)
		if err := log.Rebuild(ctx, "payers", nil); err == nil || err.Error() != "rebuild payers: panic: it went off" {
			t.Errorf("got %v", err)
		}
	})
}
