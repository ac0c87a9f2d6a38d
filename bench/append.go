package main

import (
	"context"
	"fmt"
	"path/filepath"

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
			return st.Insert(ctx, &store.Batch{Records: []store.Record{next()}})
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
