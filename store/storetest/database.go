package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/ireneo-dev/ireneo/store"
)

// Database is a database that may be there or not.
type Database struct {
	Create, Drop func(context.Context) (did bool, err error)
	Open         func(context.Context) (store.Store, error)
}

// RunDatabase tests how a database is made and dropped.
func RunDatabase(t *testing.T, db Database) {
	want := func(what string, do func(context.Context) (bool, error), want bool) {
		t.Helper()
		if did, err := do(t.Context()); err != nil || did != want {
			t.Fatalf("%s: got %t, %v, want %t", what, did, err, want)
		}
	}
	if _, err := db.Drop(t.Context()); err != nil {
		t.Fatal(err)
	}

	for range 2 { // the second one is as empty as the first
		want("create", db.Create, true)
		want("create what is there", db.Create, false)
		s, err := db.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		migrate(t, s)
		insert(t, s, batchOf(event(account("a"), 1)))
		if _, err := db.Drop(t.Context()); !errors.Is(err, store.ErrInUse) {
			t.Errorf("drop what is in use: got %v", err)
		}
		wantVersions(t, s, account("a"), 1)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		want("drop", db.Drop, true)
		want("drop what is gone", db.Drop, false)
	}
}
