package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Purse is the row kept after the commit of each purse.
type Purse struct {
	ID      string `gorm:"primaryKey"`
	Amount  int64  `validate:"gte=0"`
	Trail   string // the amounts in the order they were folded
	ShownAt time.Time
}

func (Purse) TableName() string { return "purses" }

var Purses = ireneo.NewProjection("purses",
	ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Amount += e.Amount; p.Trail += fmt.Sprint(" +", e.Amount) }),
	ireneo.On(func(p *Purse, e *Withdrawn, _ time.Time) { p.Amount -= e.Amount; p.Trail += fmt.Sprint(" -", e.Amount) }),
	ireneo.Final(func(p *Purse, at time.Time) { p.ShownAt = at }),
)

var PurseStream = &ireneo.Stream{Type: "purse", Purpose: "Money nobody checks", Async: ireneo.Materialize(Purses)}

// Payer is a row by key: what each payer has paid, wherever.
type Payer struct {
	ID     string `gorm:"primaryKey"`
	Amount int64
	Times  int
}

func (Payer) TableName() string { return "payers" }

var Payers = ireneo.NewProjection("payers",
	ireneo.OnBy(func(e *Deposited) string { return e.Note }, func(p *Payer, e *Deposited, _ time.Time) { p.Amount += e.Amount; p.Times++ }),
	ireneo.On(func(p *Payer, _ *Closed, _ time.Time) { p.Times = -1 }),
)

// asyncTables are the tables of these, beside those of the fixture.
var asyncTables = fstest.MapFS{
	"00001_tables.sql": tables["00001_tables.sql"],
	"00002_async.sql": &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE purses (id TEXT PRIMARY KEY, amount BIGINT NOT NULL, trail TEXT NOT NULL, shown_at TIMESTAMP NOT NULL);
CREATE TABLE payers (id TEXT PRIMARY KEY, amount BIGINT NOT NULL, times BIGINT NOT NULL);
`)},
}

func asyncConfig(streams ...*ireneo.Stream) ireneo.Config {
	if len(streams) == 0 {
		streams = []*ireneo.Stream{PurseStream}
	}
	c := with(streams)
	c.Migrations = asyncTables
	c.Projections = []ireneo.AnyProjection{Payers}
	return c
}

func wantPurse(t testing.TB, ctx context.Context, id, trail string) *Purse {
	t.Helper()
	p, err := Purses.Find(ctx, id)
	must(t, err)
	if p.Trail != trail {
		t.Errorf("purse %s holds %q, want %q", id, p.Trail, trail)
	}
	return p
}

// waitFor waits for all that was appended through ctx.
func waitFor(t testing.TB, ctx context.Context, log *ireneo.Log, last func() int64, projections ...ireneo.AnyProjection) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	must(t, log.WaitFor(ctx, last(), projections...))
}

func TestF13_AsyncProjectionsFollowTheCommit(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx, last := ireneo.LastAppended(ctx)
		purse := PurseStream.For("a")
		must(t, purse.AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 5}, &Withdrawn{Amount: 2}}))
		_, err := Purses.Find(ctx, "a")
		wantError(t, err, ireneo.ErrNotFound)
		stop := running(t, log)
		waitFor(t, ctx, log, last, Purses)
		wantPurse(t, ctx, "a", " +5 -2")

		// F24: the row is what a replay gives, whenever its events have come and wherever the
		// projection had been.
		must(t, purse.Append(ctx, &Deposited{Amount: 9}, ireneo.At(noon)))
		waitFor(t, ctx, log, last, Purses)
		wantPurse(t, ctx, "a", " +9 +5 -2")
		stop()
		must(t, purse.Append(ctx, &Deposited{Amount: 1}))
		must(t, purse.Append(ctx, &Deposited{Amount: 3}, ireneo.At(noon.Add(time.Hour))))
		running(t, sibling(t, log, asyncConfig()))
		waitFor(t, ctx, log, last, Purses)
		wantPurse(t, ctx, "a", " +9 +3 +5 -2 +1")
		replayed, err := Purses.Replay(ctx, purse)
		must(t, err)
		wantPurse(t, ctx, "a", replayed.Trail)
	})
}

// F20: not before the outermost commit, and never what was undone.
func TestF20_AsyncProjectionsSeeOnlyTheOutermostCommit(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx, last := ireneo.LastAppended(ctx)
		running(t, log)
		rolledBack(t, log, func(tx *gorm.DB) { must(t, PurseStream.For("a").AppendTx(ctx, tx, &Deposited{Amount: 1})) })
		must(t, log.DB().Transaction(func(tx *gorm.DB) error { return PurseStream.For("b").AppendTx(ctx, tx, &Deposited{Amount: 2}) }))
		waitFor(t, ctx, log, last, Purses)
		wantPurse(t, ctx, "b", " +2")
		_, err := Purses.Find(ctx, "a")
		wantError(t, err, ireneo.ErrNotFound)
	})
}

// F33: what Final is told.
func TestF33_TheMomentOfAnAsyncProjection(t *testing.T) {
	runTime := noon.Add(-time.Hour)
	for name, tt := range map[string]struct {
		projection ireneo.AnyProjection
		want       func(last ireneo.AnyEvent) time.Time
	}{
		"when the last event was recorded": {Purses, func(last ireneo.AnyEvent) time.Time { return last.RecordedAt() }},
		"when it happened":                 {Purses.Moment(func(last ireneo.AnyEvent) time.Time { return last.OccurredAt() }), func(last ireneo.AnyEvent) time.Time { return last.OccurredAt() }},
		"when it runs":                     {Purses.Moment(func(ireneo.AnyEvent) time.Time { return runTime }), func(ireneo.AnyEvent) time.Time { return runTime }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(tt.projection)}
			each(t, asyncConfig(s), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
				ctx, last := ireneo.LastAppended(ctx)
				running(t, log)
				for _, at := range []time.Time{noon, noon.Add(time.Hour)} {
					ev := &Deposited{Amount: 1}
					must(t, s.For("a").Append(ctx, ev, ireneo.At(at)))
					waitFor(t, ctx, log, last, Purses)
					if p, err := Purses.Find(ctx, "a"); err != nil || !p.ShownAt.Equal(tt.want(ev)) {
						t.Errorf("it is shown at %v, want %v (%v)", p.ShownAt, tt.want(ev), err)
					}
				}
			})
		})
	}
}

func TestAsync_ByKeyOverManyStreams(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx, last := ireneo.LastAppended(ctx)
		must(t, PurseStream.For("a").AppendAll(ctx, []ireneo.AnyEvent{
			&Deposited{Amount: 1, Note: "ann"}, &Deposited{Amount: 2, Note: "bob"}, &Deposited{Amount: 4}, &Deposited{Amount: 8, Note: "ann"},
		}))
		stop := running(t, log)
		must(t, Account.For("b").Append(ctx, &Deposited{Amount: 16, Note: "ann"}, ireneo.At(noon)))
		waitFor(t, ctx, log, last, Payers)
		wantPayer(t, ctx, "ann", 25, 3)
		wantPayer(t, ctx, "bob", 2, 1)
		stop()
		must(t, Account.For("bob").Append(ctx, &Closed{})) // On: the row of the stream's id
		running(t, sibling(t, log, asyncConfig()))
		waitFor(t, ctx, log, last, Payers)
		wantPayer(t, ctx, "bob", 2, -1)
		if n := countRows(t, log, "payers"); n != 2 {
			t.Errorf("there are %d rows", n)
		}
	})
}

func wantPayer(t testing.TB, ctx context.Context, id string, amount int64, times int) {
	t.Helper()
	p, err := Payers.Find(ctx, id)
	must(t, err)
	if p.Amount != amount || p.Times != times {
		t.Errorf("%s has paid %d in %d times, want %d in %d", id, p.Amount, p.Times, amount, times)
	}
}

// A row that its projection refuses stops the projection, and nothing else; once the
// stream is mended it goes on.
func TestS10_ARowThatIsInvalidStopsItsProjection(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx, last := ireneo.LastAppended(ctx)
		running(t, log)
		must(t, PurseStream.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1, Note: "ann"}, &Withdrawn{Amount: 2}}))
		failed := last()
		d := eventually(t, log, "purses", "stopped", stopped)
		if d.FailedAt != failed || !strings.Contains(d.Reason, "a") || !strings.Contains(d.Reason, "purses") {
			t.Errorf("it stopped as %+v", d)
		}
		wantError(t, log.WaitFor(ctx, failed, Purses), ireneo.ErrStopped)
		wantError(t, log.Skip(ctx, "purses", 1, "never mind"), ireneo.ErrProjection)
		waitFor(t, ctx, log, last, Payers)
		wantPayer(t, ctx, "ann", 1, 1)

		must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 5}, ireneo.At(noon)))
		must(t, log.Resume(ctx, "purses"))
		waitFor(t, ctx, log, last, Balances, Purses)
		wantPurse(t, ctx, "a", " +5 +1 -2")
	})
}

func TestS19_WaitFor(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx, last := ireneo.LastAppended(ctx)
		must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 1}))
		short, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
		defer cancel()
		wantError(t, log.WaitFor(short, last(), Purses), ireneo.ErrBehind)
		wantError(t, log.WaitFor(ctx, last(), AccountPosition), ireneo.ErrNotMaterialized)
		must(t, log.WaitFor(short, last(), Balances)) // written with the append

		stop := running(t, log)
		for range 50 {
			must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 1}))
			waitFor(t, ctx, log, last, Purses, Payers)
		}
		if p, err := Purses.Find(ctx, "a"); err != nil || p.Amount != 51 {
			t.Errorf("it holds %+v, %v", p, err)
		}
		// What is not for a projection, or was undone, need not be waited for.
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "x"}))
		rolledBack(t, log, func(tx *gorm.DB) { must(t, PurseStream.For("a").AppendTx(ctx, tx, &Deposited{Amount: 1})) })
		waitFor(t, ctx, log, last, Purses)
		stop()
		waitFor(t, sibling2(ctx, t, log), log, func() int64 { return 1 }, Purses) // it is remembered
	})
}

// Where the program has another On than its rows were built with nothing goes on by itself.
func TestS19_WaitForSaysThatItMustBeRebuilt(t *testing.T) {
	more := ireneo.NewProjection("purses",
		ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Amount += e.Amount }),
		ireneo.On(func(p *Purse, _ *Closed, _ time.Time) { p.Trail = "closed" }))
	changed := asyncConfig(&ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(more)})
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		_, err := log.Deliveries(ctx)
		must(t, err)
		other := sibling(t, log, changed)
		ctx, last := ireneo.LastAppended(ireneo.WithLog(ctx, other))
		must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 1}))
		running(t, other)
		err = other.WaitFor(ctx, last(), more)
		wantError(t, err, ireneo.ErrStopped)
		if !strings.Contains(err.Error(), "rebuild") {
			t.Errorf("it names no remedy: %v", err)
		}
		must(t, other.Rebuild(ctx, "purses", nil))
		waitFor(t, ctx, other, last, more)
	})
}

// sibling2 is the context with a second log.
func sibling2(ctx context.Context, t testing.TB, log *ireneo.Log) context.Context {
	other, err := ireneo.Sibling(log, asyncConfig())
	must(t, err)
	return ireneo.WithLog(ctx, other)
}

// Whatever is appended in whatever order, with several processes taking turns, rows are
// what an independent fold gives.
func TestF24_AsyncRowsAreReplaysUnderChange(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := asyncConfig()
	c.CachedStreams = 3 // so that states are dropped
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		ctx, last := ireneo.LastAppended(ctx)
		random := rand.New(rand.NewPCG(seed, 1))
		stop := func() {}
		for n := range 120 {
			if n%40 == 0 {
				stop()
				stop = running(t, sibling(t, log, c))
			}
			var opts []ireneo.AppendOption
			if random.IntN(4) == 0 {
				opts = append(opts, ireneo.At(noon.Add(time.Duration(random.IntN(1000))*time.Minute)))
			}
			must(t, PurseStream.For(fmt.Sprint(random.IntN(8))).Append(ctx, &Deposited{Amount: int64(n + 1)}, opts...))
		}
		waitFor(t, ctx, log, last, Purses)
		for id := range 8 {
			replayed, err := Purses.Replay(ctx, PurseStream.For(fmt.Sprint(id)))
			if errors.Is(err, ireneo.ErrNotFound) {
				continue
			}
			must(t, err)
			wantPurse(t, ctx, fmt.Sprint(id), replayed.Trail)
		}
	})
}

func TestOpen_ReportsMistakesOfAsyncProjections(t *testing.T) {
	type Hidden struct {
		ID     string `gorm:"primaryKey"`
		Secret string `gorm:"-"`
	}
	log := ireneotest.SQLite(t, config())
	async := func(p ireneo.AnyProjection) *ireneo.Stream {
		return &ireneo.Stream{Type: "other", Purpose: "x", Async: ireneo.Materialize(p)}
	}
	for want, change := range map[string]func(*ireneo.Config){
		"in another way already": func(c *ireneo.Config) { c.Streams = append(c.Streams, async(Balances)) },
		"Config.Projections":     func(c *ireneo.Config) { c.Streams = append(c.Streams, async(Payers)) },
		"leave Snapshot out": func(c *ireneo.Config) {
			c.Streams = append(c.Streams, async(ireneo.NewProjection("kept", ireneo.On(func(*Purse, *Deposited, time.Time) {})).Snapshot(7)))
		},
		"lower case": func(c *ireneo.Config) {
			c.Streams = append(c.Streams, async(ireneo.NewProjection("My Purses", ireneo.On(func(*Purse, *Deposited, time.Time) {}))))
		},
		"Final would": func(c *ireneo.Config) { c.Projections = []ireneo.AnyProjection{Purses} },
		"Secret is not stored": func(c *ireneo.Config) {
			c.Projections = []ireneo.AnyProjection{ireneo.NewProjection("hidden", ireneo.On(func(*Hidden, *Deposited, time.Time) {}))}
		},
		"PersistWith": func(c *ireneo.Config) {
			c.Projections = []ireneo.AnyProjection{ireneo.NewProjection("payers",
				ireneo.PersistWith(func(context.Context, *gorm.DB, *Payer) error { return nil }))}
		},
		"primary key": func(c *ireneo.Config) { c.Projections = []ireneo.AnyProjection{AccountPosition} },
	} {
		c := config()
		change(&c)
		if _, err := ireneo.Sibling(log, c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

// Many appends are written at once. Where that fails each goes alone, so that those before
// the one that fails are there, and it is known which it was.
func TestS10_WhatComesBeforeAnInvalidRowIsWritten(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, PurseStream.For("a").Append(ctx, &Deposited{Amount: 1}))
		must(t, PurseStream.For("b").Append(ctx, &Deposited{Amount: 2}))
		bad := &Withdrawn{Amount: 3}
		must(t, PurseStream.For("b").Append(ctx, bad))
		must(t, PurseStream.For("c").Append(ctx, &Deposited{Amount: 4}))
		running(t, log)
		if d := eventually(t, log, "purses", "stopped", stopped); d.FailedAt != bad.Position() || d.Position >= bad.Position() {
			t.Errorf("it stopped as %+v", d)
		}
		wantPurse(t, ctx, "a", " +1")
		wantPurse(t, ctx, "b", " +2")
		_, err := Purses.Find(ctx, "c")
		wantError(t, err, ireneo.ErrNotFound)
	})
}

// What was folded for a write that failed is not there when it is tried again.
func TestS09_AFailedWriteIsFoldedAnew(t *testing.T) {
	var mu sync.Mutex
	var writes []string
	shaky := ireneo.NewProjection("purses",
		ireneo.On(func(p *Purse, e *Deposited, _ time.Time) { p.Trail += fmt.Sprint(" +", e.Amount) }),
		ireneo.PersistWith(func(_ context.Context, _ *gorm.DB, p *Purse) error {
			mu.Lock()
			defer mu.Unlock()
			if writes = append(writes, p.Trail); len(writes)%2 == 1 {
				return errHost
			}
			return nil
		}))
	s := &ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(shaky)}
	each(t, asyncConfig(s), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		writes = nil
		ctx, last := ireneo.LastAppended(ctx)
		running(t, log)
		for range 3 {
			must(t, s.For("a").Append(ctx, &Deposited{Amount: 1}))
			waitFor(t, ctx, log, last, shaky)
		}
		if want := []string{" +1", " +1", " +1 +1", " +1 +1", " +1 +1 +1", " +1 +1 +1"}; !slices.Equal(writes, want) {
			t.Errorf("written were %q, want %q", writes, want)
		}
	})
}
