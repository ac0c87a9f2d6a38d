package dev

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write writes a file below dir and the folders above it.
func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o750), os.WriteFile(path, []byte(text), 0o600)); err != nil {
		t.Fatal(err)
	}
}

func watched(t *testing.T, dir string) *files {
	t.Helper()
	f, err := watch(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.close() })
	return f
}

func wantChanges(t *testing.T, f *files, want ...string) {
	t.Helper()
	got, err := f.changes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFiles_Changes(t *testing.T) {
	dir := t.TempDir()
	f := watched(t, dir)
	for _, name := range []string{"go.mod", "web/a.go", "web/a.templ", "web/assets/a.css", "db/migrate/1_a.sql"} {
		write(t, dir, name, "1")
	}
	for _, name := range []string{"README.md", "db/shop.sqlite3", ".git/a.go", "web/.#a.go", "web/testdata/a.go", "node_modules/a.js"} {
		write(t, dir, name, "1")
	}
	wantChanges(t, f, "db/migrate/1_a.sql", "go.mod", "web/a.go", "web/a.templ", "web/assets/a.css")
	wantChanges(t, f)
	write(t, dir, "web/a.go", "1") // saved as it was
	wantChanges(t, f)
	write(t, dir, "web/a.go", "2")
	if err := os.Remove(filepath.Join(dir, "web/a.templ")); err != nil {
		t.Fatal(err)
	}
	wantChanges(t, f, "web/a.go", "web/a.templ")
}

func TestFiles_WaitEndsAtAChangeOnly(t *testing.T) {
	dir := t.TempDir()
	f := watched(t, dir)
	write(t, dir, "a.go", "1")
	wantChanges(t, f, "a.go")

	waiting := make(chan error)
	go func() { waiting <- f.wait(t.Context()) }()
	write(t, dir, "saved", "1") // as it was
	if err := os.Rename(filepath.Join(dir, "saved"), filepath.Join(dir, "a.go")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "db/shop.sqlite3-wal", "1")
	select {
	case err := <-waiting:
		t.Fatalf("nothing changed, but it ended: %v", err)
	case <-time.After(4 * quiet): // it goes on waiting
	}
	write(t, dir, "new/folder/b.go", "1")
	if err := <-waiting; err != nil {
		t.Fatal(err)
	}
	wantChanges(t, f, "new/folder/b.go")
}

func TestFiles_WaitSeesWhatChangedBeforeIt(t *testing.T) {
	dir := t.TempDir()
	f := watched(t, dir)
	write(t, dir, "a.go", "1")
	if err := f.wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantChanges(t, f, "a.go")
}

func TestFiles_WaitEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := watched(t, t.TempDir()).wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
