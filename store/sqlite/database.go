package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ireneo-dev/ireneo/store"
)

// beside are the endings of the files that SQLite keeps beside a database.
var beside = []string{"-wal", "-shm"}

// Name is the name of the database file at path.
func Name(path string) string { return filepath.Base(path) }

// Create makes the database file at path, empty, and the folders above it. It reports
// whether it did: one that is there already is left alone.
func Create(ctx context.Context, path string) (made bool, err error) {
	if _, err := os.Stat(path); err == nil {
		return false, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return false, fmt.Errorf("create %s: %w", path, err)
	}
	s, err := Open(ctx, path)
	if err != nil {
		return false, err
	}

	return true, s.Close()
}

// Drop removes the database file at path with all that is in it, and those beside it. It
// reports whether there was one, and fails with [store.ErrInUse] while anybody has it
// open. A file that is not a database is kept: [store.ErrUnavailable].
func Drop(ctx context.Context, path string) (dropped bool, err error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err := leaveWAL(ctx, path); err != nil {
		return false, fmt.Errorf("drop %s: %w", path, err)
	}
	for _, ending := range beside {
		if err := os.Remove(path + ending); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("drop %s: %w", path, err)
		}
	}
	if err := os.Remove(path); err != nil {
		return false, fmt.Errorf("drop %s: %w", path, err)
	}

	return true, nil
}

// leaveWAL gives up the WAL, which SQLite allows to nobody but the only one who has the
// file open.
func leaveWAL(ctx context.Context, path string) (err error) {
	db := openPool(path, 1, "_txlock=immediate")
	defer func() { err = errors.Join(err, db.Close()) }()

	var mode string
	err = translate(db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode))
	if errors.Is(err, store.ErrBusy) || err == nil && mode == "wal" {
		return errors.Join(store.ErrInUse, err)
	}

	return err
}
