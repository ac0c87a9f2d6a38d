package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Migrations returns the providers of the store's own migrations and of those in
// app: *.sql files in its root, nil or none for no second provider. The store
// keeps account of its own in the table ireneo_migrations, of the application's
// in goose_db_version. Two processes that migrate at once never apply a migration
// twice: see [store.Up].
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
	versions, err := database.NewStore(database.DialectSQLite3, table)
	if err != nil {
		return nil, err
	}

	return goose.NewProvider(goose.DialectCustom, s.writer, files,
		goose.WithStore(versionsOnce{versions}),
		goose.WithDisableGlobalRegistry(true),
		goose.WithLogger(goose.NopLogger()),
	)
}

// versionsOnce keeps a version from being applied twice by two processes: the
// second one's transaction fails as a whole when it enters the version, and
// [store.Up] looks again. SQLite has no lock that would outlive a transaction but
// not a crash.
type versionsOnce struct{ database.Store }

// CreateVersionTable implements [database.Store].
func (v versionsOnce) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	if err := v.Store.CreateVersionTable(ctx, db); err != nil {
		return err
	}

	_, err := db.ExecContext(ctx, `
		CREATE UNIQUE INDEX `+v.Tablename()+`_version_id
		ON `+v.Tablename()+` (version_id)`)

	return err
}

// TableExists implements [database.StoreExtender].
func (v versionsOnce) TableExists(ctx context.Context, db database.DBTxConn) (exists bool, err error) {
	row := db.QueryRowContext(ctx, `
		SELECT EXISTS (
			SELECT 1
			FROM sqlite_master
			WHERE type = 'table'
			AND name = ?)`, v.Tablename())

	return exists, row.Scan(&exists)
}
