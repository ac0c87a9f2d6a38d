package postgres

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the providers of the store's own migrations and of those in
// app: *.sql files in its root, nil or none for no second provider. The store
// keeps account of its own in the table ireneo_migrations, of the application's
// in goose_db_version. A session lock lets one process migrate a log at a time,
// the others wait for up to five minutes.
func (s *Store) Migrations(app fs.FS) ([]*goose.Provider, error) {
	own, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	first, err := s.provider(own, "ireneo_migrations")
	if err != nil {
		return nil, fmt.Errorf("read the store's migrations: %w", err)
	}
	if app == nil {
		return []*goose.Provider{first}, nil
	}

	second, err := s.provider(app, goose.DefaultTablename)
	if errors.Is(err, goose.ErrNoMigrations) {
		return []*goose.Provider{first}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the application's migrations: %w", err)
	}

	return []*goose.Provider{first, second}, nil
}

func (s *Store) provider(files fs.FS, table string) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(
		lock.WithLockID(s.migrationID),
		lock.WithLockTimeout(1, 300), // try each second, 300 times
	)
	if err != nil {
		return nil, err
	}

	return goose.NewProvider(goose.DialectPostgres, s.sql, files,
		goose.WithTableName(table),
		goose.WithSessionLocker(locker),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()),
	)
}
