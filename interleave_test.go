package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// racer is a small command: it loads accounts, in this order, and deposits into some of
// them, or refuses.
type racer struct {
	loads, writes []string
	refuses       bool
}

// race are racers whose steps, each Load and the end of Handle, are run in all orders.
type race struct {
	name   string
	racers []racer
	fixed  bool // the first step is the first racer's: all others are the same in a circle
}

var races = []race{
	{name: "each writes one of two", racers: []racer{{loads: []string{"a", "b"}, writes: []string{"a"}}, {loads: []string{"b", "a"}, writes: []string{"b"}}}, fixed: true},
	{name: "each writes what it read last", racers: []racer{{loads: []string{"a", "b"}, writes: []string{"b"}}, {loads: []string{"b", "a"}, writes: []string{"a"}}}, fixed: true},
	{name: "both write both", racers: []racer{{loads: []string{"a", "b"}, writes: []string{"a", "b"}}, {loads: []string{"b", "a"}, writes: []string{"b", "a"}}}, fixed: true},
	{name: "one only looks", racers: []racer{{loads: []string{"a", "b"}}, {loads: []string{"b", "a"}, writes: []string{"b", "a"}}}},
	{name: "one refuses", racers: []racer{{loads: []string{"b", "a"}, refuses: true}, {loads: []string{"b", "a"}, writes: []string{"b", "a"}}}},
	{name: "three in a circle", racers: []racer{
		{loads: []string{"a", "b"}, writes: []string{"a"}}, {loads: []string{"b", "c"}, writes: []string{"b"}}, {loads: []string{"c", "a"}, writes: []string{"c"}},
	}, fixed: true},
	{name: "one reads, one writes, one looks at both", racers: []racer{
		{loads: []string{"a", "b"}, writes: []string{"b"}}, {loads: []string{"a"}, writes: []string{"a"}}, {loads: []string{"a", "b"}},
	}},
}

func TestC05_InEveryOrderOfTheirStepsCommandsAreAsIfOneAfterTheOther(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		var processes []context.Context
		for range 3 {
			processes = append(processes, ireneo.WithLog(t.Context(), sibling(t, log, config())))
		}
		for _, race := range races {
			if testing.Short() && len(race.racers) > 2 {
				continue
			}
			var jobs sync.WaitGroup
			slots := make(chan struct{}, 4)
			n := 0
			for order := range race.orders() {
				n++
				for variant := range 4 {
					if len(race.racers) > 2 && variant != n%4 {
						continue
					}
					prefix := fmt.Sprintf("%s %d %d ", race.name, n, variant)
					slots <- struct{}{}
					jobs.Go(func() {
						defer func() { <-slots }()
						f := &field{race: race, order: order, prefix: prefix, processes: processes}
						f.run(t, ctx, variant%2 == 1, variant/2 == 1)
					})
				}
			}
			jobs.Wait()
			if t.Failed() {
				t.Fatalf("%s: in one of %d orders", race.name, n)
			}
		}
	})
}

// orders are all orders of the steps, each told by whose it is.
func (r race) orders() iter.Seq[[]int] {
	left := make([]int, len(r.racers))
	for i, one := range r.racers {
		left[i] = len(one.loads) + 1
	}
	return func(yield func([]int) bool) {
		var order []int
		var next func() bool
		next = func() bool {
			done := true
			for i := range left {
				if left[i] == 0 || r.fixed && len(order) == 0 && i > 0 {
					continue
				}
				done = false
				left[i]--
				order = append(order, i)
				more := next()
				order = order[:len(order)-1]
				if left[i]++; !more {
					return false
				}
			}
			return !done || yield(slices.Clone(order))
		}
		next()
	}
}

// field is one order of the steps of one race, with streams of its own.
type field struct {
	race
	order     []int
	prefix    string
	processes []context.Context // one a racer
	runners   []*runner
}

// runner is a racer at its work.
type runner struct {
	racer
	field      *field
	begin, end chan struct{} // of a step
	over       chan struct{} // closed when Execute has returned
	seen       []string      // as they were loaded in the last attempt
	done       commit
	err        error
}

// run lets the racers go, with streams that exist or do not, which each has in memory or has not.
func (f *field) run(t *testing.T, ctx context.Context, exist, remembered bool) {
	all := &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
		for _, id := range []string{"a", "b", "c"} {
			account, err := ireneo.Load(ctx, b, Account.For(f.prefix+id), AccountPosition)
			if err != nil {
				return err
			}
			if exist && account.Version() == 0 {
				account.Append(&Deposited{Amount: 1})
			}
		}
		return nil
	}}
	for _, process := range append([]context.Context{ctx}, f.processes[:len(f.racers)]...) {
		if !remembered && process != ctx {
			continue
		}
		if _, err := ireneo.Execute(process, all); err != nil {
			t.Error(err)
		}
	}
	for i, one := range f.racers {
		r := &runner{racer: one, field: f, begin: make(chan struct{}), end: make(chan struct{}), over: make(chan struct{})}
		f.runners = append(f.runners, r)
		go r.run(f.processes[i])
	}
	for _, i := range f.order {
		f.runners[i].step()
	}
	f.check(t, ctx, exist)
}

// step lets a racer do one step.
func (r *runner) step() {
	select {
	case r.begin <- struct{}{}:
	case <-r.over:
	}
	select {
	case <-r.end:
	case <-r.over:
	}
}

func (r *runner) run(ctx context.Context) {
	defer close(r.over)
	var result *ireneo.Result
	result, r.err = ireneo.Execute(ctx, &Decide{by: r.handle}, ireneo.Retry(ireneo.NoRetry()))
	r.done.name = fmt.Sprint(r.racer)
	if r.err == nil {
		for _, ev := range result.Events {
			r.done.wrote[ev.StreamID()] = ev.Version()
		}
	}
}

// handle stops before each step of the first attempt; one that follows, since memory was
// old, is part of the last step.
func (r *runner) handle(ctx context.Context, b *ireneo.Boundary) error {
	first := b.Attempt() == 1
	accounts := map[string]*ireneo.Loaded[Position]{}
	r.seen, r.done.read, r.done.wrote = nil, map[string]int64{}, map[string]int64{}
	for _, id := range r.loads {
		if first {
			<-r.begin
		}
		account, err := ireneo.Load(ctx, b, Account.For(r.field.prefix+id), AccountPosition)
		if err != nil {
			return err
		}
		if int64(account.State.Events) != account.Version() {
			return fmt.Errorf("a state of %d events at version %d", account.State.Events, account.Version())
		}
		accounts[id], r.seen, r.done.read[account.ID()] = account, append(r.seen, account.ID()), account.Version()
		if first {
			r.end <- struct{}{}
		}
	}
	if first {
		<-r.begin
	}
	for _, id := range r.writes {
		accounts[id].Append(&Deposited{Amount: 1})
	}
	if r.refuses {
		return b.Reject("", "No.")
	}
	return nil
}

// check looks whether those that were committed fit one after the other, and whether it
// was true what the others were told.
func (f *field) check(t *testing.T, ctx context.Context, exist bool) {
	var commits []commit
	last := map[string]int64{}
	for _, r := range f.runners {
		if r.err == nil || errors.Is(r.err, ireneo.ErrInvalid) {
			commits = append(commits, r.done)
			for id, version := range r.done.wrote {
				last[id] = max(last[id], version)
			}
		}
	}
	if circle := circleOf(commits); circle != "" {
		t.Errorf("order %v is a circle:%s", f.order, circle)
	}
	for _, r := range f.runners {
		if r.err == nil || r.refuses && errors.Is(r.err, ireneo.ErrInvalid) {
			continue
		}
		var conflict *ireneo.ConflictError
		moved := slices.DeleteFunc(slices.Clone(r.seen), func(id string) bool { return last[id] <= r.done.read[id] })
		if !errors.As(r.err, &conflict) || !slices.Contains(moved, conflict.ID) || conflict.Expected != r.done.read[conflict.ID] || conflict.Actual <= conflict.Expected {
			t.Errorf("order %v: of %v, which was decided on %v, moved %v, and its error is %v", f.order, r.racer, r.done.read, moved, r.err)
		}
	}
	for _, id := range []string{"a", "b", "c"} {
		want := last[f.prefix+id]
		if exist {
			want = max(want, 1)
		}
		if got, err := Account.For(f.prefix + id).Version(ctx); err != nil || got != want {
			t.Errorf("order %v: %s is at version %d, want %d, error %v", f.order, id, got, want, err)
		}
	}
}

// commit is what a transaction has read and written: the version of each stream it decided
// on, and the last one it wrote. What is written was read at the version before.
type commit struct {
	name        string
	read, wrote map[string]int64
}

// saw reports whether c has read something that by wrote.
func (c commit) saw(by commit) bool {
	for id, version := range by.wrote {
		if read, ok := c.read[id]; ok && read >= version {
			return true
		}
	}
	return false
}

// missed reports whether by wrote something that comes after what c has read.
func (c commit) missed(by commit) bool {
	for id, version := range by.wrote {
		if read, ok := c.read[id]; ok && read < version {
			return true
		}
	}
	return false
}

// circleOf tells of a circle of commits each of which has to come before the next, because
// the next saw what it wrote, or it missed what the next wrote; empty: there is none, so
// that they are as if one was made after the other.
func circleOf(commits []commit) string {
	const unknown, open, closed = 0, 1, 2
	state := make([]int, len(commits))
	var path []int
	var visit func(i int) string
	visit = func(i int) string {
		state[i], path = open, append(path, i)
		for j := range commits {
			if i == j || state[j] == closed || !commits[j].saw(commits[i]) && !commits[i].missed(commits[j]) {
				continue
			}
			if state[j] == open {
				return describe(commits, path[slices.Index(path, j):])
			}
			if circle := visit(j); circle != "" {
				return circle
			}
		}
		state[i], path = closed, path[:len(path)-1]
		return ""
	}
	for i := range commits {
		if state[i] == unknown {
			if circle := visit(i); circle != "" {
				return circle
			}
		}
	}
	return ""
}

func describe(commits []commit, circle []int) string {
	var s strings.Builder
	for _, i := range circle {
		fmt.Fprintf(&s, "\n%s read %v, wrote %v", commits[i].name, commits[i].read, commits[i].wrote)
	}
	return s.String()
}

// TestCircleOf has the judge of these tests judged.
func TestCircleOf(t *testing.T) {
	at := func(a, b int64) map[string]int64 { return map[string]int64{"a": a, "b": b} }
	only := func(id string, version int64) map[string]int64 { return map[string]int64{id: version} }
	for name, test := range map[string]struct {
		commits []commit
		want    bool
	}{
		"one after the other": {[]commit{{read: at(0, 0), wrote: only("a", 1)}, {read: at(1, 0), wrote: only("b", 1)}}, false},
		"write skew":          {[]commit{{read: at(0, 0), wrote: only("a", 1)}, {read: at(0, 0), wrote: only("b", 1)}}, true},
		"lost update":         {[]commit{{read: only("a", 0), wrote: only("a", 1)}, {read: only("a", 0), wrote: only("a", 1)}}, true},
		"half of a commit":    {[]commit{{read: at(0, 0), wrote: at(1, 1)}, {read: at(1, 0)}}, true},
		"an old state":        {[]commit{{read: at(0, 0), wrote: at(1, 1)}, {read: at(0, 0)}}, false},
		"of three": {[]commit{
			{read: at(0, 0), wrote: only("b", 1)}, {read: only("a", 0), wrote: only("a", 1)}, {read: at(1, 0)},
		}, true},
	} {
		if diff := cmp.Diff(test.want, circleOf(test.commits) != ""); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
