package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) string { return filepath.Join(t.TempDir(), "log.db") },
		func(t *testing.T, path string) store.Store { return open(t, path) })
}

func TestDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "below", "log.db")
	storetest.RunDatabase(t, storetest.Database{
		Create: func(ctx context.Context) (bool, error) { return Create(ctx, path) },
		Drop:   func(ctx context.Context) (bool, error) { return Drop(ctx, path) },
		Open:   func(ctx context.Context) (store.Store, error) { return Open(ctx, path) },
	})
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDrop_KeepsWhatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(path, []byte("Dear Ana, this is a letter and no database at all."), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Drop(t.Context(), path); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
}

func open(t testing.TB, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})

	return s
}
