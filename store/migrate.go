package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"time"

	"github.com/pressly/goose/v3"
)

// Up applies the pending migrations of each provider, in the order given, and
// stops at the first that fails; the error names the migration. What was applied
// before it stays applied. Two processes may call Up at once: each migration is
// applied by one of them, and both return when all are.
func Up(ctx context.Context, providers ...*goose.Provider) error {
	for _, p := range providers {
		if err := up(ctx, p); err != nil {
			return err
		}
	}

	return nil
}

// Pending counts the migrations that Up would apply. It is zero for a database
// that fits the program.
func Pending(ctx context.Context, providers ...*goose.Provider) (int, error) {
	var pending int
	for _, p := range providers {
		n, err := pendingOf(ctx, p)
		if err != nil {
			return 0, err
		}
		pending += n
	}

	return pending, nil
}

// Migration is one migration and what became of it.
type Migration struct {
	Name      string    // of its file
	Framework bool      // the store's own, not the application's
	AppliedAt time.Time // zero while it is pending
}

// List returns the migrations of the providers that Migrations returned, in the order
// they apply.
func List(ctx context.Context, providers ...*goose.Provider) ([]Migration, error) {
	var all []Migration
	for i, p := range providers {
		statuses, err := p.Status(ctx)
		if err != nil {
			return nil, fmt.Errorf("read the state of migrations: %w", err)
		}
		for _, s := range statuses {
			all = append(all, Migration{Name: path.Base(s.Source.Path), Framework: i == 0, AppliedAt: s.AppliedAt})
		}
	}

	return all, nil
}

// downSection begins what undoes a migration.
var downSection = regexp.MustCompile(`(?m)^\s*--\s*\+goose\s+Down\b`)

// Down undoes the migration of p that was applied last, and returns its name, which is
// empty where none is applied. files are those of p. A migration without a section that
// undoes it is ErrIrreversible. On any error nothing was undone.
func Down(ctx context.Context, files fs.FS, p *goose.Provider) (string, error) {
	version, err := p.GetDBVersion(ctx)
	if err != nil || version == 0 {
		return "", err
	}
	for _, source := range p.ListSources() {
		if source.Version != version {
			continue
		}
		name := path.Base(source.Path)
		text, err := fs.ReadFile(files, source.Path)
		if err != nil {
			return "", fmt.Errorf("roll back %s: %w", name, err)
		}
		if !downSection.Match(text) {
			return "", fmt.Errorf("roll back %s: %w", name, ErrIrreversible)
		}
		if _, err := p.ApplyVersion(ctx, version, false); err != nil {
			return "", rollbackError(name, err)
		}
		return name, nil
	}

	return "", fmt.Errorf("roll back: migration %d is applied, but the program does not have it: %w", version, ErrIrreversible)
}

func rollbackError(name string, err error) error {
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		err = partial.Err
	}

	return fmt.Errorf("roll back %s: %w", name, err)
}

// up tries again when a migration failed but fewer are pending than before:
// then another process has applied it in the meantime. Databases whose provider
// locks (PostgreSQL) never get there; SQLite's relies on it.
func up(ctx context.Context, p *goose.Provider) error {
	before := len(p.ListSources()) + 1
	for {
		_, err := p.Up(ctx)
		if err == nil {
			return nil
		}

		pending, pendingErr := pendingOf(ctx, p)
		if ctx.Err() != nil || pendingErr != nil || pending >= before {
			return migrationError(err)
		}
		before = pending
	}
}

func pendingOf(ctx context.Context, p *goose.Provider) (int, error) {
	statuses, err := p.Status(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the state of migrations: %w", err)
	}

	var n int
	for _, s := range statuses {
		if s.State == goose.StatePending {
			n++
		}
	}

	return n, nil
}

func migrationError(err error) error {
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return fmt.Errorf("migrate %s: %w", path.Base(partial.Failed.Source.Path), partial.Err)
	}

	return fmt.Errorf("migrate: %w", err)
}
