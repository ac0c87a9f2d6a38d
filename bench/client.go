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
	Count  int           `json:"count"` // operations
	Ops    float64       `json:"ops"`   // per second, of all clients together
	P50    time.Duration `json:"p50_ns"`
	P99    time.Duration `json:"p99_ns"`
	CPU    cost          `json:"cpu_per_op,omitzero"`
	Memory usage         `json:"memory,omitzero"`
}

// timings are how long each operation of one client took.
type timings struct {
	each   []time.Duration
	busy   time.Duration // all of them together
	beside int           // operations that were made, but are not among each
	events int           // the rate is of these where an operation is of many
	aside  cost          // spent on what is no part of the operations
	memory usage         // where it was watched
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

// many is a load each of whose operations is of so many events.
type many struct {
	events int
	load
}

func (m many) run(ctx context.Context, d time.Duration) ([]timings, error) {
	found, err := m.load.run(ctx, d)
	for i := range found {
		found[i].events = m.events
	}
	return found, err
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
	var s sample
	var each []time.Duration
	var busy time.Duration
	var done int
	for _, t := range all {
		each = append(each, t.each...)
		busy += t.busy
		done += len(t.each) * max(1, t.events)
		s.Memory = s.Memory.most(t.memory)
	}
	slices.Sort(each)
	s.Count, s.P50, s.P99 = len(each), percentile(each, 50), percentile(each, 99)
	if busy > 0 {
		s.Ops = float64(n) * float64(done) / busy.Seconds()
	}
	return s
}

// operations is how many there were, timed or not, and each of them as the rate counts it.
func operations(all []timings) (n int) {
	for _, t := range all {
		n += (len(t.each) + t.beside) * max(1, t.events)
	}
	return n
}

// aside is what was spent on something else than operations.
func aside(all []timings) (c cost) {
	for _, t := range all {
		c = c.plus(t.aside)
	}
	return c
}

// percentile takes sorted durations.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)-1)*p/100]
}
