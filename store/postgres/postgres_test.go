package postgres

import (
	"context"
	"testing"

	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t,
		func(t *testing.T) string { return pgtest.URL(t) },
		func(t *testing.T, url string) store.Store { return open(t, url) })
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	storetest.RunDatabase(t, storetest.Database{
		Create: func(ctx context.Context) (bool, error) { return Create(ctx, url) },
		Drop:   func(ctx context.Context) (bool, error) { return Drop(ctx, url) },
		Open:   func(ctx context.Context) (store.Store, error) { return Open(ctx, url) },
	})
}

func open(t testing.TB, url string) *Store {
	t.Helper()
	s, err := Open(t.Context(), url)
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
