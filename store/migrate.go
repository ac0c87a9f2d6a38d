package store

import (
	"context"
	"errors"
	"fmt"
	"path"

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
