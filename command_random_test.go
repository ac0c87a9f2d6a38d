package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// crowd are many who execute and append what they like, over two logs, and the history that
// the versions they read and wrote tell of.
type crowd struct {
	logs []context.Context

	mu         sync.Mutex
	commits    []commit            // that wrote something
	readers    []commit            // that wrote nothing, or were refused, and were told the truth
	deposited  int64               // from outside
	executions map[string][]string // ids of executions by command id
	claims     map[string]int      // how often a name was given
}

const (
	crowdAccounts = 5
	crowdBalance  = 100
)

func TestC11_WhateverManyDoAtOnceIsAsIfOneAfterTheOther(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		c := &crowd{
			logs:       []context.Context{ctx, ireneo.WithLog(t.Context(), sibling(t, log, config()))},
			executions: map[string][]string{}, claims: map[string]int{},
		}
		for i := range crowdAccounts {
			must(t, Account.For(fmt.Sprint(i)).Append(ctx, &Deposited{Amount: crowdBalance}))
		}

		steps := 40
		if testing.Short() {
			steps = 15
		}
		var all sync.WaitGroup
		for i := range uint64(8) {
			random := rand.New(rand.NewPCG(seed, i))
			all.Go(func() {
				for range steps {
					if err := c.step(c.logs[random.IntN(2)], random); err != nil && !errors.Is(err, ireneo.ErrConflict) && !errors.Is(err, ireneo.ErrInvalid) {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		c.check(t, ctx, log)
	})
}

// step does one thing or another.
func (c *crowd) step(ctx context.Context, random *rand.Rand) error {
	h := Account.For(fmt.Sprint(random.IntN(crowdAccounts)))
	name := fmt.Sprint(random.IntN(20))
	switch random.IntN(12) {
	case 0:
		return c.deposit(ctx, h, nil)
	case 1:
		return c.deposit(ctx, h, ireneo.At(time.Now().Add(-time.Duration(random.IntN(2000))*time.Millisecond)))
	case 2:
		return c.deposit(ctx, h, ireneo.IdempotencyKey(name))
	case 3:
		return c.claimed(name, Journal.For("by "+h.ID()).AppendIf(ctx, named(name), 0, &Noted{Text: name}))
	case 4:
		_, err := ireneo.Execute(ctx, claiming(name, Journal.For("by "+h.ID()), h), patiently)
		return c.claimed(name, err)
	default:
		return c.execute(ctx, random)
	}
}

var patiently = ireneo.Retry(ireneo.Fixed(50, time.Millisecond))

// deposit appends without a command. An event that was there already under its key has not
// come from outside once more.
func (c *crowd) deposit(ctx context.Context, h *ireneo.Handle, opt ireneo.AppendOption) error {
	ev := &Deposited{Amount: 1}
	var opts []ireneo.AppendOption
	if opt != nil {
		opts = append(opts, opt)
	}
	if err := h.Append(ctx, ev, opts...); err != nil {
		return err
	}
	one := commit{name: "append", read: map[string]int64{h.ID(): ev.Version() - 1}, wrote: map[string]int64{h.ID(): ev.Version()}}
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.ContainsFunc(c.commits, func(other commit) bool {
		return other.name == one.name && other.wrote[h.ID()] == ev.Version()
	}) {
		c.commits, c.deposited = append(c.commits, one), c.deposited+1
	}
	return nil
}

func (c *crowd) claimed(name string, err error) error {
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.claims[name]++
	}
	return err
}

// claiming takes a name that nobody has, for an account that must have something.
func claiming(name string, journal, account *ireneo.Handle) *Decide {
	return &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
		owner, err := ireneo.Load(ctx, b, account, AccountPosition)
		if err != nil {
			return err
		}
		taken, err := b.Matching(ctx, named(name)...)
		if err != nil {
			return err
		}
		if len(taken) > 0 || owner.State.Balance == 0 {
			return b.Reject("", "It is taken.")
		}
		mine, err := ireneo.Load(ctx, b, journal, AccountPosition)
		if err != nil {
			return err
		}
		mine.Append(&Noted{Text: name})
		return nil
	}}
}

// execute moves money from one of some accounts to another, or only looks at them.
func (c *crowd) execute(ctx context.Context, random *rand.Rand) error {
	ids := random.Perm(crowdAccounts)[:1+random.IntN(4)]
	amount, refuses := 1+random.Int64N(60), random.IntN(8) == 0
	writes := len(ids) > 1 && random.IntN(4) > 0
	opts := []ireneo.ExecuteOption{patiently}
	key := ""
	if random.IntN(3) == 0 {
		key = fmt.Sprint("command ", random.IntN(40))
		opts = append(opts, ireneo.CommandID(key))
	}
	if random.IntN(6) == 0 {
		opts = append(opts, ireneo.At(time.Now().Add(-time.Duration(random.IntN(1000))*time.Millisecond)))
	}

	var done commit
	result, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
		done = commit{name: b.ID(), read: map[string]int64{}, wrote: map[string]int64{}}
		var accounts []*ireneo.Loaded[Position]
		for _, id := range ids {
			account, err := ireneo.Load(ctx, b, Account.For(fmt.Sprint(id)), AccountPosition)
			if err != nil {
				return err
			}
			if int64(account.State.Events) != account.Version() {
				return fmt.Errorf("%s: a state of %d events at version %d", account.ID(), account.State.Events, account.Version())
			}
			accounts, done.read[account.ID()] = append(accounts, account), account.Version()
		}
		if refuses {
			return b.Reject("", "No.")
		}
		if writes {
			accounts[0].Append(&Withdrawn{Amount: amount}) // which may be more than there is
			accounts[1].Append(&Deposited{Amount: amount})
		}
		return nil
	}}, opts...)
	c.keep(key, done, result, err)
	return err
}

// keep keeps what became of a command. One that was executed before has done nothing now.
func (c *crowd) keep(key string, done commit, result *ireneo.Result, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && key != "" {
		c.executions[key] = append(c.executions[key], result.ID)
	}
	switch {
	case errors.Is(err, ireneo.ErrInvalid), err == nil && !result.Repeated && len(result.Events) == 0:
		c.readers = append(c.readers, done)
	case err == nil && !result.Repeated:
		for _, ev := range result.Events {
			done.wrote[ev.StreamID()] = ev.Version()
		}
		c.commits = append(c.commits, done)
	}
}

// check looks for circles and gaps, for money that has come from nowhere, and for what was
// done twice.
func (c *crowd) check(t *testing.T, ctx context.Context, log *ireneo.Log) {
	if circle := circleOf(c.commits); circle != "" {
		t.Errorf("a circle:%s", circle)
	}
	for _, r := range c.readers {
		if half := halfSeen(c.commits, r); half != "" {
			t.Errorf("seen in half:%s", half)
		}
	}
	written := map[string]int{}
	for _, one := range c.commits {
		for id := range one.wrote {
			written[id]++
		}
	}
	var sum int64
	for i := range crowdAccounts {
		id := fmt.Sprint(i)
		state, err := AccountPosition.Replay(ctx, Account.For(id))
		must(t, err)
		wantBalance(t, ctx, id, state.Balance)
		wantVersion(t, ctx, Account.For(id), int64(written[id])+1)
		if state.Balance < 0 || state.Events != written[id]+1 {
			t.Errorf("%s has %d events, want %d, and a balance of %d", id, state.Events, written[id]+1, state.Balance)
		}
		sum += state.Balance
	}
	if want := crowdAccounts*crowdBalance + c.deposited; sum != want {
		t.Errorf("the sum is %d, want %d", sum, want)
	}
	c.checkOnce(t, ctx, log)
}

func (c *crowd) checkOnce(t *testing.T, ctx context.Context, log *ireneo.Log) {
	for key, ids := range c.executions {
		if len(slices.Compact(slices.Sorted(slices.Values(ids)))) != 1 {
			t.Errorf("%s was executed as %v", key, ids)
		}
	}
	for name, n := range c.claims {
		found, _, err := log.Matching(ctx, named(name)...)
		must(t, err)
		if n != 1 || len(found) != 1 {
			t.Errorf("%s was given %d times, and is on record %d times", name, n, len(found))
		}
	}
}

// halfSeen tells of a commit that a reader has not seen all of, though it has seen some of
// it, or of one that came after it and saw it; empty: there is none. A reader takes no
// locks: what it has seen was all there at one moment, which is what it is promised.
func halfSeen(commits []commit, r commit) string {
	var seen []commit
	for _, one := range commits {
		if r.saw(one) {
			seen = append(seen, one)
		}
	}
	known := map[string]bool{}
	for len(seen) > 0 {
		last := seen[len(seen)-1]
		seen = seen[:len(seen)-1]
		if r.missed(last) {
			return describe([]commit{r, last}, []int{0, 1})
		}
		for _, one := range commits {
			if key := fmt.Sprint(one); !known[key] && last.saw(one) {
				known[key], seen = true, append(seen, one)
			}
		}
	}
	return ""
}
