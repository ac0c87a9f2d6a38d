package main

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/ireneo-dev/ireneo/store"
)

// hot is a load whose clients all append to one stream, of which nothing may get lost.
type hot struct {
	clients
	store store.Store
	made  *atomic.Int64 // appends that have returned without an error
}

func startHot(ctx context.Context, s *site) (load, error) {
	st, err := s.postgres(ctx)
	if err != nil {
		return nil, err
	}
	return hotOn(ctx, st, s.clients)
}

func hotOn(ctx context.Context, st store.Store, n int) (*hot, error) {
	carrier, err := withLog(ctx, st, config(account))
	if err != nil {
		return nil, err
	}
	l := &hot{store: st, made: &atomic.Int64{}, clients: make(clients, n)}
	h := account.For(streamID(0))
	for i := range l.clients {
		l.clients[i].op = func(context.Context) error {
			err := h.Append(carrier, deposited())
			if err == nil {
				l.made.Add(1)
			}
			return err
		}
	}
	return l, nil
}

// prove looks whether the stream has as many events as were appended, from version 1 on without a gap.
func (l *hot) prove(ctx context.Context) error {
	var last int64
	for r, err := range l.store.Read(ctx, store.Query{Stream: store.Stream{Type: account.Type, ID: streamID(0)}}) {
		if err != nil {
			return err
		}
		if last++; r.Version != last {
			return fmt.Errorf("version %d is stored where %d should be", r.Version, last)
		}
	}
	if made := l.made.Load(); last != made {
		return fmt.Errorf("%d events were appended, and %d are stored", made, last)
	}
	return nil
}
