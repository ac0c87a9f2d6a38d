package main

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// handle is what a subscription does with a batch.
type handle func(ctx context.Context, b ireneo.Batch) error

func quick(context.Context, ireneo.Batch) error { return nil }

func slow(ctx context.Context, _ ireneo.Batch) error {
	return sleep(ctx, 100*time.Millisecond)
}

var errFailing = errors.New("this handler always fails")

func failing(context.Context, ireneo.Batch) error { return errFailing }

// sleep waits unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// startBeside appends while the same log runs a subscription; nil is none.
func startBeside(h handle) start {
	return func(ctx context.Context, s *site) (load, error) {
		s.more = 4 // for the subscription
		st, err := s.postgres(ctx)
		if err != nil {
			return nil, err
		}
		return besides(ctx, s, st, h)
	}
}

// startBesideSQLite does the same on SQLite.
func startBesideSQLite(h handle) start {
	return func(ctx context.Context, s *site) (load, error) {
		dir, err := s.dir()
		if err != nil {
			return nil, err
		}
		st, err := migratedSQLite(ctx, s, filepath.Join(dir, "bench.sqlite3"))
		if err != nil {
			return nil, err
		}
		return besides(ctx, s, st, h)
	}
}

func besides(ctx context.Context, s *site, st store.Store, h handle) (load, error) {
	b := &beside{called: make(chan struct{}, 1)}
	c := config(account)
	if h != nil {
		c.Subscriptions = []*ireneo.Subscription{b.subscription(h)}
	}
	log, err := ireneo.Open(st, c)
	if err != nil {
		return nil, err
	}
	b.log, b.clients = log, appends(carrying(ctx, log), account, s.clients)
	if h == nil {
		return b.clients, nil
	}
	return b, nil
}

// beside is a load of appends during which a subscription runs.
type beside struct {
	clients
	log    *ireneo.Log
	called chan struct{} // holds one where the handler was called
}

// subscription does not give up in the time of a benchmark, and tries soon again.
func (b *beside) subscription(h handle) *ireneo.Subscription {
	return &ireneo.Subscription{
		Name: "beside", Attempts: 1 << 30, Backoff: time.Millisecond,
		Handle: func(ctx context.Context, batch ireneo.Batch) error {
			select {
			case b.called <- struct{}{}:
			default:
			}
			return h(ctx, batch)
		},
	}
}

// run begins when the handler is called, and returns when it is called no more: other rows have
// their turns in between.
func (b *beside) run(ctx context.Context, d time.Duration) ([]timings, error) {
	select {
	case <-b.called: // of the last turn
	default:
	}
	running, stop := context.WithCancel(ctx)
	var runner sync.WaitGroup
	defer runner.Wait()
	defer stop()
	runner.Go(func() { b.log.Run(running) })

	if err := b.clients[0].op(ctx); err != nil { // there is something to call it with
		return nil, err
	}
	select {
	case <-b.called:
		return b.clients.run(ctx, d)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
