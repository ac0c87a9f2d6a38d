package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ireneo-dev/ireneo/store"
)

// maintenance is the database that every server has. Others are made and dropped from it.
const maintenance = "postgres"

// Name is the name of the database at url.
func Name(url string) (string, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return "", fmt.Errorf("open postgres: %w", err)
	}

	return config.ConnConfig.Database, nil
}

// Create makes the database at url, empty, through the server's database postgres. It
// reports whether it did: one that is there already is left alone.
func Create(ctx context.Context, url string) (made bool, err error) {
	return administer(ctx, url, "CREATE DATABASE ", codeDuplicateDatabase)
}

// Drop removes the database at url with all that is in it, through the server's database
// postgres. It reports whether there was one, and fails with [store.ErrInUse] while
// anybody is connected to it.
func Drop(ctx context.Context, url string) (dropped bool, err error) {
	return administer(ctx, url, "DROP DATABASE ", codeNoDatabase)
}

// administer does something to the database at url. It is false where the server says that
// nothing was to be done.
func administer(ctx context.Context, url, statement, nothingToDo string) (did bool, err error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return false, fmt.Errorf("open postgres: %w", err)
	}
	server := config.ConnConfig
	name := server.Database
	server.Database = maintenance
	conn, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		return false, fmt.Errorf("open postgres: %w", unreached(err))
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()

	_, err = conn.Exec(ctx, statement+pgx.Identifier{name}.Sanitize())
	pg, _ := errors.AsType[*pgconn.PgError](err)
	switch {
	case err == nil:
		return true, nil
	case pg != nil && pg.Code == nothingToDo:
		return false, nil
	case pg != nil && pg.Code == codeInUse:
		return false, named(store.ErrInUse, err)
	default:
		return false, translate(err)
	}
}
