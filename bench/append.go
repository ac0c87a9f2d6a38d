package main

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// appends is one client a stream, each appending to its own.
func appends(carrier context.Context, s *ireneo.Stream, n int) clients {
	all := make(clients, n)
	for i := range all {
		h := s.For(streamID(i))
		all[i].op = func(context.Context) error { return h.Append(carrier, deposited()) }
	}
	return all
}

func streamID(client int) string { return fmt.Sprintf("account-%d", client) }

func startAppend(ctx context.Context, s *site) (load, error) {
	carrier, err := s.log(ctx, config(account))
	if err != nil {
		return nil, err
	}
	return appends(carrier, account, s.clients), nil
}

func startAppendRow(ctx context.Context, s *site) (load, error) {
	carrier, err := s.log(ctx, config(accountWithRow))
	if err != nil {
		return nil, err
	}
	return appends(carrier, accountWithRow, s.clients), nil
}

// startStoreInsert is the one store call of an append, without the framework above it.
func startStoreInsert(ctx context.Context, s *site) (load, error) {
	st, err := s.postgres(ctx)
	if err != nil {
		return nil, err
	}
	all := make(clients, s.clients)
	for i := range all {
		next := records(i)
		all[i].op = func(ctx context.Context) error {
			return st.Insert(ctx, &store.Batch{Records: []store.Record{next()}})[0]
		}
	}
	return all, nil
}

func startSQLite(ctx context.Context, s *site) (load, error) {
	dir, err := s.dir()
	if err != nil {
		return nil, err
	}
	carrier, err := openSQLite(ctx, s, filepath.Join(dir, "bench.sqlite3"))
	if err != nil {
		return nil, err
	}
	return appends(carrier, account, s.clients), nil
}

// openSQLite opens a log on a new file.
func openSQLite(ctx context.Context, s *site, path string) (context.Context, error) {
	st, err := migratedSQLite(ctx, s, path)
	if err != nil {
		return nil, err
	}
	return withLog(ctx, st, config(account))
}

// migratedSQLite opens a store on a new file.
func migratedSQLite(ctx context.Context, s *site, path string) (*sqlite.Store, error) {
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	s.later(st.Close)

	providers, err := st.Migrations(nil)
	if err != nil {
		return nil, err
	}
	return st, store.Up(ctx, providers...)
}

// startShallow appends second events: each to a stream whose first one was appended just before,
// untimed.
func startShallow(ctx context.Context, s *site) (load, error) {
	return startAtDepth(ctx, s, func(_ context.Context, fresh *ireneo.Handle) (*ireneo.Handle, error) {
		return fresh, nil
	})
}

// startDeep does what startShallow does, but appends to one stream of 10 000 events.
func startDeep(ctx context.Context, s *site) (load, error) {
	var deep *ireneo.Handle
	return startAtDepth(ctx, s, func(carrier context.Context, _ *ireneo.Handle) (*ireneo.Handle, error) {
		if deep != nil {
			return deep, nil
		}
		deep = account.For("deep")
		return deep, deepen(carrier, deep, 10_000)
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

// coldStreams are so many that each stays close to its depth: every measurement appends a few events
// to each.
const coldStreams = 64

// startCold appends to streams of 1000 events in turn, with a cache for only one of them.
func startCold(ctx context.Context, s *site) (load, error) {
	c := config(account)
	c.CachedStreams = 1
	carrier, err := s.log(ctx, c)
	if err != nil {
		return nil, err
	}
	handles, err := deepStreams(carrier, 1000)
	if err != nil {
		return nil, err
	}

	var turn atomic.Int64
	all := make(clients, s.clients)
	for i := range all {
		all[i].op = func(context.Context) error {
			return handles[turn.Add(1)%coldStreams].Append(carrier, deposited())
		}
	}
	return all, nil
}

func deepStreams(carrier context.Context, depth int) ([]*ireneo.Handle, error) {
	handles := make([]*ireneo.Handle, coldStreams)
	for i := range handles {
		handles[i] = account.For(streamID(i))
		if err := deepen(carrier, handles[i], depth); err != nil {
			return nil, err
		}
	}
	return handles, nil
}
