package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// startShallow appends second events: each to a stream whose first one was appended just before,
// untimed.
func startShallow(ctx context.Context, s *site) (load, error) {
	return startAtDepth(ctx, s, func(_ context.Context, fresh *ireneo.Handle) (*ireneo.Handle, error) {
		return fresh, nil
	})
}

// startDeep does what startShallow does, but appends to one stream of 10 000 events.
func startDeep(ctx context.Context, s *site) (load, error) {
	var h *ireneo.Handle
	return startAtDepth(ctx, s, func(carrier context.Context, _ *ireneo.Handle) (*ireneo.Handle, error) {
		if h != nil {
			return h, nil
		}
		h = account.For("deep")
		return h, deepen(carrier, h, 10_000)
	})
}

// startAtDepth has a first event appended to a fresh stream before each operation, so that shallow
// and deep streams meet the same traffic, and times an append to what pick returns.
func startAtDepth(ctx context.Context, s *site, pick func(context.Context, *ireneo.Handle) (*ireneo.Handle, error)) (load, error) {
	carrier, err := s.log(ctx, config(account))
	if err != nil {
		return nil, err
	}
	if _, err := pick(carrier, nil); err != nil { // builds what is deep
		return nil, err
	}

	var made int
	var h *ireneo.Handle
	return clients{{
		before: func(context.Context) error {
			made++
			fresh := account.For(streamID(made))
			if err := fresh.Append(carrier, deposited()); err != nil {
				return err
			}
			h, err = pick(carrier, fresh)
			return err
		},
		op: func(context.Context) error { return h.Append(carrier, deposited()) },
	}}, nil
}

// deepen appends n events in one commit.
func deepen(carrier context.Context, h *ireneo.Handle, n int) error {
	events := make([]ireneo.AnyEvent, n)
	for i := range events {
		events[i] = deposited()
	}
	return h.AppendAll(carrier, events)
}

// deepStreams are n of a depth, all of which stay in memory where the log's cache has room.
func deepStreams(carrier context.Context, s *ireneo.Stream, n, depth int) ([]*ireneo.Handle, error) {
	handles := make([]*ireneo.Handle, n)
	for i := range handles {
		handles[i] = s.For(streamID(i))
		if err := deepen(carrier, handles[i], depth); err != nil {
			return nil, err
		}
	}
	return handles, nil
}

// coldStreams are so many that each stays close to its depth: every measurement appends a few events
// to each.
const coldStreams = 16

// startCold appends to streams of 1000 events.
func startCold(ctx context.Context, s *site) (load, error) {
	return startForgetful(ctx, s, account, coldStreams, 1000)
}

// startSnapshots does to streams of 10 000 events, whose state is kept every hundred.
func startSnapshots(ctx context.Context, s *site) (load, error) {
	return startForgetful(ctx, s, accountWithSnapshots, 2, 10_000)
}

// startForgetful appends to deep streams in turn, with a cache for only one of them.
func startForgetful(ctx context.Context, s *site, of *ireneo.Stream, n, depth int) (load, error) {
	c := config(of)
	c.CachedStreams = 1
	carrier, err := s.log(ctx, c)
	if err != nil {
		return nil, err
	}
	handles, err := deepStreams(carrier, of, n, depth)
	if err != nil {
		return nil, err
	}

	var turn atomic.Int64
	all := make(clients, s.clients)
	for i := range all {
		all[i].op = func(context.Context) error {
			return handles[turn.Add(1)%int64(n)].Append(carrier, deposited())
		}
	}
	return all, nil
}

// startReadSnapshot reads the one row that a cold append has and a warm one has not.
func startReadSnapshot(ctx context.Context, s *site) (load, error) {
	st, err := s.postgres(ctx)
	if err != nil {
		return nil, err
	}
	carrier, err := withLog(ctx, st, config(accountWithSnapshots))
	if err != nil {
		return nil, err
	}
	if _, err := deepStreams(carrier, accountWithSnapshots, 1, 10_000); err != nil {
		return nil, err
	}
	id := accountPosition.Name() + "/" + account.Type + "/" + streamID(0)
	return clients{{op: func(ctx context.Context) error {
		found, err := store.Snapshots(ctx, st, nil, id)
		if err == nil && (len(found) != 1 || found[0].Version != 10_000) {
			err = fmt.Errorf("%d snapshots are called %s", len(found), id)
		}
		return err
	}}}, nil
}

// startDeepAppends has each client append to a stream of 1000 events, whose state is in memory: it was
// loaded once, and peers load it for every append.
func startDeepAppends(ctx context.Context, s *site) (load, error) {
	return startOnStreams(ctx, s, func(carrier context.Context, h *ireneo.Handle) error {
		return h.Append(carrier, deposited())
	})
}

// startReplays has each client replay a stream of 1000 events from the database.
func startReplays(ctx context.Context, s *site) (load, error) {
	return startOnStreams(ctx, s, func(carrier context.Context, h *ireneo.Handle) error {
		position, err := accountPosition.Replay(carrier, h)
		if err == nil && position.Deposits != 1000 {
			err = fmt.Errorf("%d of 1000 events were replayed", position.Deposits)
		}
		return err
	})
}

// startOnStreams gives each client a stream of 1000 events.
func startOnStreams(ctx context.Context, s *site, op func(context.Context, *ireneo.Handle) error) (load, error) {
	carrier, err := s.log(ctx, config(account))
	if err != nil {
		return nil, err
	}
	handles, err := deepStreams(carrier, account, s.clients, 1000)
	if err != nil {
		return nil, err
	}
	all := make(clients, s.clients)
	for i, h := range handles {
		all[i].op = func(context.Context) error { return op(carrier, h) }
	}
	return all, nil
}
