package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/admin"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/db/migrate"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Declarations are what the log of Ledger is told of it; the streams are its own, and that
// of what operators do.
func Declarations() ireneo.Config {
	return ireneo.Config{
		Streams: append(streams.All, admin.Actions), Events: events.All, Projections: projections.All,
		Migrations: migrate.FS,
	}
}

// OpenLog opens the log of Ledger on the database at url. The caller closes the store.
func OpenLog(ctx context.Context, url string) (store.Store, *ireneo.Log, error) {
	db, err := databaseOf(url)
	if err != nil {
		return nil, nil, err
	}
	st, err := db.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	log, err := ireneo.Open(st, Declarations())
	if err != nil {
		return nil, nil, errors.Join(err, st.Close())
	}
	return st, log, nil
}

// database is one that may be opened, made and dropped.
type database struct {
	name         string
	open         func(context.Context) (store.Store, error)
	create, drop func(context.Context) (did bool, err error)
}

// databaseOf says how to open the database at url, and more. This is the one place that
// names the stores.
func databaseOf(url string) (database, error) {
	kind, path, _ := strings.Cut(url, ":")
	switch {
	case kind == "postgres" || kind == "postgresql":
		name, err := postgres.Name(url)
		return database{
			name:   name,
			open:   func(ctx context.Context) (store.Store, error) { return postgres.Open(ctx, url) },
			create: func(ctx context.Context) (bool, error) { return postgres.Create(ctx, url) },
			drop:   func(ctx context.Context) (bool, error) { return postgres.Drop(ctx, url) },
		}, err
	case kind == "sqlite" && path != "":
		return database{
			name:   sqlite.Name(path),
			open:   func(ctx context.Context) (store.Store, error) { return openFile(ctx, path) },
			create: func(ctx context.Context) (bool, error) { return sqlite.Create(ctx, path) },
			drop:   func(ctx context.Context) (bool, error) { return sqlite.Drop(ctx, path) },
		}, nil
	default: // the URL may hold a password, so it is not repeated
		return database{}, errors.New("DATABASE_URL is not understood; set it to postgres://user:password@host/name or sqlite:path")
	}
}

// openFile opens the database file, in a folder it makes where that is missing.
func openFile(ctx context.Context, path string) (store.Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return sqlite.Open(ctx, path)
}
