package storetest

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
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

// reversible are two migrations that can be undone.
func reversible() fstest.MapFS {
	return fstest.MapFS{
		"00001_one.sql": {Data: []byte("-- +goose Up\nCREATE TABLE one (id TEXT);\n-- +goose Down\nDROP TABLE one;\n")},
		"00002_two.sql": {Data: []byte("-- +goose Up\nCREATE TABLE two (id TEXT);\n-- +goose Down\nDROP TABLE two;\n")},
	}
}

func migrateDown(t *testing.T, s store.Store) {
	files := reversible()
	providers := up(t, s, files)
	name, err := store.Down(t.Context(), files, providers[1])
	if err != nil || name != "00002_two.sql" {
		t.Fatalf("got %q, %v", name, err)
	}
	if err := s.DB().Exec("SELECT * FROM two").Error; err == nil {
		t.Error("the table is there still")
	}
	exec(t, s, "SELECT * FROM one")

	wantMigrations(t, providers, "00001_one.sql applied", "00002_two.sql pending")
	up(t, s, files)
	wantMigrations(t, providers, "00001_one.sql applied", "00002_two.sql applied")
}

func migrateDownToNothing(t *testing.T, s store.Store) {
	files := reversible()
	providers := up(t, s, files)
	for _, want := range []string{"00002_two.sql", "00001_one.sql", ""} {
		if name, err := store.Down(t.Context(), files, providers[1]); err != nil || name != want {
			t.Fatalf("got %q, %v, want %q", name, err, want)
		}
	}
	insert(t, s, batchOf(event(account("a"), 1)))
}

func migrateIrreversible(t *testing.T, s store.Store) {
	files := reversible()
	files["00003_three.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE three (id TEXT);\n")}
	files["00004_four.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE four (id TEXT);\n-- +goose Down\nDROP TABLE nowhere;\n")}
	providers := up(t, s, files)
	if _, err := store.Down(t.Context(), files, providers[1]); err == nil || !strings.Contains(err.Error(), "00004_four.sql") {
		t.Errorf("got %v", err)
	}
	wantMigrations(t, providers, "00001_one.sql applied", "00002_two.sql applied", "00003_three.sql applied", "00004_four.sql applied")

	delete(files, "00004_four.sql")
	exec(t, s, "DELETE FROM goose_db_version WHERE version_id = 4")
	providers = up(t, s, files)
	if _, err := store.Down(t.Context(), files, providers[1]); !errors.Is(err, store.ErrIrreversible) || !strings.Contains(err.Error(), "00003_three.sql") {
		t.Errorf("got %v", err)
	}
	exec(t, s, "SELECT * FROM three")
}

// up migrates to the application's files.
func up(t *testing.T, s store.Store, files fstest.MapFS) []*goose.Provider {
	t.Helper()
	providers, err := s.Migrations(files)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Up(t.Context(), providers...); err != nil {
		t.Fatal(err)
	}

	return providers
}

// wantMigrations compares the application's with what List says.
func wantMigrations(t *testing.T, providers []*goose.Provider, want ...string) {
	t.Helper()
	all, err := store.List(t.Context(), providers...)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for i, m := range all {
		state := " applied"
		if m.AppliedAt.IsZero() {
			state = " pending"
		}
		if !m.Framework {
			got = append(got, m.Name+state)
		} else if i > 0 && !all[i-1].Framework {
			t.Errorf("%s comes after the application's", m.Name)
		}
	}
	equal(t, got, want)
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
