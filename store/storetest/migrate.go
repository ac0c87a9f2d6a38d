package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

func migrateNot(t *testing.T, s store.Store) {
	for _, version := range []int64{1, 0} {
		err := insertOne(t, s, batchOf(event(account("a"), version)))
		if !errors.Is(err, store.ErrNotMigrated) {
			t.Errorf("insert: got %v", err)
		}
	}
	for _, err := range s.Read(t.Context(), store.Query{Stream: account("a")}) {
		if !errors.Is(err, store.ErrNotMigrated) {
			t.Errorf("read: got %v", err)
		}
	}
	err := s.DB().Transaction(func(tx *gorm.DB) error {
		return s.InsertTx(t.Context(), tx, batchOf(event(account("a"), 1)))
	})
	if !errors.Is(err, store.ErrNotMigrated) {
		t.Errorf("insert in a transaction: got %v", err)
	}
}

func migrateTwice(t *testing.T, s store.Store) {
	insert(t, s, batchOf(event(account("a"), 1)))
	migrate(t, s)
	wantVersions(t, s, account("a"), 1)
}

var application = fstest.MapFS{
	"00001_balances.sql": {Data: []byte("-- +goose Up\nCREATE TABLE balances (id TEXT NOT NULL PRIMARY KEY, amount BIGINT NOT NULL);\n-- +goose Down\nDROP TABLE balances;\n")},
	"00002_seed.sql":     {Data: []byte("-- +goose Up\nINSERT INTO balances (id, amount) VALUES ('seed', 1);\n")},
	"00003_copy.sql":     {Data: []byte("-- +goose Up\nUPDATE balances SET amount = amount + 1;\n")},
}

func migrateApplication(t *testing.T, s store.Store) {
	for name, files := range map[string]fstest.MapFS{"empty": {}, "some": application} {
		providers, err := s.Migrations(files)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		pending, err := store.Pending(t.Context(), providers...)
		if err != nil || pending != len(files) {
			t.Fatalf("%s: got %d pending, %v", name, pending, err)
		}
		if err := store.Up(t.Context(), providers...); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if pending, err = store.Pending(t.Context(), providers...); err != nil || pending != 0 {
			t.Fatalf("%s: got %d pending, %v", name, pending, err)
		}
	}
	wantSeed(t, s)

	var tables int64
	err := s.DB().Raw("SELECT (SELECT COUNT(*) FROM ireneo_migrations) * (SELECT COUNT(*) FROM goose_db_version)").Scan(&tables).Error
	if err != nil || tables == 0 {
		t.Fatalf("got %d, %v", tables, err)
	}
}

func wantSeed(t *testing.T, s store.Store) {
	t.Helper()
	var amounts []int64
	if err := s.DB().Table("balances").Pluck("amount", &amounts).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, amounts, []int64{2})
}

func migrateFailure(t *testing.T, s store.Store) {
	providers, err := s.Migrations(fstest.MapFS{
		"00001_good.sql": {Data: []byte("-- +goose Up\nCREATE TABLE good (id TEXT);\n")},
		"00002_bad.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE bad (id TEXT);\nINSERT INTO nowhere VALUES (1);\n")},
	})
	if err != nil {
		t.Fatal(err)
	}

	err = store.Up(t.Context(), providers...)
	if err == nil || !strings.Contains(err.Error(), "00002_bad.sql") {
		t.Fatalf("got %v", err)
	}
	pending, err := store.Pending(t.Context(), providers...)
	if err != nil || pending != 1 {
		t.Fatalf("got %d pending, %v", pending, err)
	}
	if err := s.DB().Exec("SELECT * FROM bad").Error; err == nil {
		t.Fatal("half of the bad migration remained")
	}
}

func migrateConcurrent(t *testing.T, s store.Store) {
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			providers, err := s.Migrations(application)
			if err != nil {
				t.Error(err)
				return
			}
			if err := store.Up(t.Context(), providers...); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}

	wantSeed(t, s)
	insert(t, s, batchOf(event(account("a"), 1)))
}
