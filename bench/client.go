package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// client is one closed loop: its next operation begins when the last one has ended.
type client struct {
	before func(context.Context) error // goes before each operation, untimed; may be nil
	op     func(context.Context) error
}

// clients work at the same time.
type clients []client

// sample is what one measurement found.
type sample struct {
	Count int           `json:"count"` // operations
	Ops   float64       `json:"ops"`   // per second, of all clients together
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
}

// timings are how long each operation of one client took.
type timings struct {
	each []time.Duration
	busy time.Duration // all of them together
}

func (c clients) run(ctx context.Context, d time.Duration) ([]timings, error) {
	all, errs := make([]timings, len(c)), make([]error, len(c))
	until := time.Now().Add(d)

	var group sync.WaitGroup
	for i := range c {
		group.Go(func() { all[i], errs[i] = c[i].loop(ctx, until) })
	}
	group.Wait()
	return all, errors.Join(errs...)
}

// loop runs at least one operation.
func (c client) loop(ctx context.Context, until time.Time) (timings, error) {
	t := timings{each: make([]time.Duration, 0, 1<<11)}
	for begin := time.Now(); len(t.each) == 0 || begin.Before(until); {
		if c.before != nil {
			if err := c.before(ctx); err != nil {
				return t, err
			}
			begin = time.Now()
		}
		if err := c.op(ctx); err != nil {
			return t, err
		}

		end := time.Now()
		t.each = append(t.each, end.Sub(begin))
		t.busy += end.Sub(begin)
		begin = end
	}
	return t, ctx.Err()
}

// summarize gives the rate of n clients from what any of them did, each over the time it was busy:
// what goes before an operation does not count.
func summarize(all []timings, n int) sample {
	var each []time.Duration
	var busy time.Duration
	for _, t := range all {
		each = append(each, t.each...)
		busy += t.busy
	}
	slices.Sort(each)
	s := sample{Count: len(each), P50: percentile(each, 50), P99: percentile(each, 99)}
	if busy > 0 {
		s.Ops = float64(n) * float64(len(each)) / busy.Seconds()
	}
	return s
}

// percentile takes sorted durations.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*p/100]
}
