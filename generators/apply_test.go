package generators_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

// verbs are what was done to each file.
func verbs(done *generators.Result) map[string]generators.Verb {
	got := map[string]generators.Verb{}
	for _, c := range done.Changes {
		got[c.Path] = c.Verb
	}
	return got
}

// unchanged checks that a tree is as it was, and says so where it is not.
func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	if diff := cmp.Diff(before, tree(t, dir)); diff != "" {
		t.Errorf("the tree has changed (-before +after):\n%s", diff)
	}
}

const issued = "app/events/debt/issued.go"

func TestApply_Conflict_WritesNothing(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, issued, "package debt\n")
	before := tree(t, app.Dir)

	done, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{})
	var conflict *generators.ConflictError
	if !errors.As(err, &conflict) || !strings.Contains(err.Error(), "--force") || !strings.Contains(err.Error(), "--skip") {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{issued}, conflict.Paths); diff != "" || verbs(done)[issued] != generators.Conflict {
		t.Errorf("got %v, %v", conflict.Paths, verbs(done))
	}
	unchanged(t, app.Dir, before)
}

func TestApply_Skip_KeepsWhatDiffers(t *testing.T) {
	app := newApp(t, "example.com/shop")
	mine := "package debt\n\ntype mine struct{}\n"
	write(t, app.Dir, issued, mine)
	done, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Skip: true})
	if err != nil {
		t.Fatal(err)
	}
	after := tree(t, app.Dir)
	if verbs(done)[issued] != generators.Skip || after[issued] != mine || after["app/events/debt_issued_test.go"] == "" {
		t.Errorf("got %v", verbs(done))
	}
}

func TestApply_Force_Overwrites(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, issued, "package debt\n")
	done, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Force: true})
	if err != nil {
		t.Fatal(err)
	}
	if verbs(done)[issued] != generators.Force || !strings.Contains(tree(t, app.Dir)[issued], "type Issued struct") {
		t.Errorf("got %v", verbs(done))
	}
}

func TestApply_Pretend_WritesNothing(t *testing.T) {
	app := newApp(t, "example.com/shop")
	before := tree(t, app.Dir)
	done, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Pretend: true})
	if err != nil {
		t.Fatal(err)
	}
	if verbs(done)[issued] != generators.Create {
		t.Errorf("got %v", verbs(done))
	}
	unchanged(t, app.Dir, before)
}

func TestApply_Twice_ChangesNothing(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued", "on:date"), nil)
	before := tree(t, app.Dir)
	for path, verb := range verbs(apply(t, app, event(t, app, "debt/issued", "on:date"), nil)) {
		if verb != generators.Identical {
			t.Errorf("%s: got %s, want identical", path, verb)
		}
	}
	unchanged(t, app.Dir, before)
}

// What several generations share is made once, and then the user's.
func TestApply_Shared_IsLeftAlone(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued"), nil)
	mine := "// Package debt is about debts.\npackage debt\n"
	write(t, app.Dir, "app/events/debt/doc.go", mine)
	apply(t, app, event(t, app, "debt/settled"), nil)
	if got := tree(t, app.Dir)["app/events/debt/doc.go"]; got != mine {
		t.Errorf("got %q, want %q", got, mine)
	}
}

// A check that fails puts back what was overwritten, and takes away files and folders
// that were made.
func TestApply_FailedCheck_IsUndone(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, issued, "package debt\n")
	if err := os.Chmod(filepath.Join(app.Dir, issued), 0o600); err != nil {
		t.Fatal(err)
	}
	before := tree(t, app.Dir)
	app.Check = func(_ context.Context, dir string, packages []string) error {
		if diff := cmp.Diff([]string{"./app/event_streams", "./app/events", "./app/events/debt", "./app/projections"}, packages); diff != "" {
			t.Errorf("packages differ (-want +got):\n%s", diff)
		}
		if text, err := os.ReadFile(filepath.Join(dir, issued)); err != nil || !strings.Contains(string(text), "type Issued") {
			t.Errorf("checked before it was written: %v", err)
		}
		return errors.New("does not compile")
	}
	_, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Force: true})
	if err == nil || !strings.Contains(err.Error(), "does not compile\nNothing was changed") {
		t.Errorf("got %v", err)
	}
	unchanged(t, app.Dir, before)
	if _, err := os.Stat(filepath.Join(app.Dir, "app/event_streams")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder is left: %v", err)
	}
	if info, err := os.Stat(filepath.Join(app.Dir, issued)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v, want the mode as it was", info, err)
	}
}

// A write that fails in the middle is undone too: here a file stands where a folder
// has to be.
func TestWrite_Failed_IsUndone(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, "app/old.txt", "old")
	write(t, app.Dir, "app/gone/gone.txt", "gone")
	write(t, app.Dir, "app/file", "no folder")
	before := tree(t, app.Dir)
	root, err := os.OpenRoot(app.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := root.Close(); err != nil {
			t.Error(err)
		}
	}()

	undo, err := generators.Write(root,
		generators.Change{Verb: generators.Create, Path: "app/new/folder/new.txt"},
		generators.Change{Verb: generators.Force, Path: "app/old.txt"},
		generators.Change{Verb: generators.Remove, Path: "app/gone/gone.txt"},
		generators.Change{Verb: generators.Create, Path: "app/file/new.txt"},
	)
	if err == nil {
		t.Error("no error")
	}
	unchanged := cmp.Equal(before, tree(t, app.Dir))
	if err := undo(); err != nil || unchanged {
		t.Errorf("undone with %v; unchanged before: %t", err, unchanged)
	}
	if diff := cmp.Diff(before, tree(t, app.Dir)); diff != "" {
		t.Errorf("the tree has changed (-before +after):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(app.Dir, "app/new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder is left: %v", err)
	}
}

func TestApply_LinkThatLeadsNowhere(t *testing.T) {
	app := newApp(t, "example.com/shop")
	write(t, app.Dir, "app/events/debt/keep.txt", "")
	if err := os.Symlink("nowhere.go", filepath.Join(app.Dir, issued)); err != nil {
		t.Fatal(err)
	}
	_, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Force: true})
	if err == nil || !strings.Contains(err.Error(), "leads nowhere") {
		t.Errorf("got %v", err)
	}
}

// No link leads out of the application.
func TestApply_StaysInside(t *testing.T) {
	app, outside := newApp(t, "example.com/shop"), t.TempDir()
	if err := os.Symlink(outside, filepath.Join(app.Dir, "app/events")); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Force: true}); err == nil {
		t.Error("no error")
	}
	if left := tree(t, outside); len(left) > 0 {
		t.Errorf("written outside: %v", left)
	}
}

func TestDestroy_RemovesWhatWasGenerated(t *testing.T) {
	app := newApp(t, "example.com/shop")
	before := tree(t, app.Dir)
	apply(t, app, event(t, app, "debt/issued", "on:date"), nil)
	apply(t, app, event(t, app, "debt/settled"), nil)
	if _, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{}); err != nil {
		t.Fatal(err)
	}
	after := tree(t, app.Dir)
	for _, shared := range []string{"app/events/debt/doc.go", "app/events/events_test.go"} {
		if after[shared] == "" {
			t.Errorf("%s is gone, which the other event needs", shared)
		}
	}
	if _, err := app.Destroy(t.Context(), "event", "debt.settled", generators.Options{}); err != nil {
		t.Fatal(err)
	}
	after = tree(t, app.Dir)
	if strings.Contains(after["app/events/events_gen.go"], "debt") {
		t.Error("what was destroyed is still registered")
	}
	for _, registry := range []string{"app/events/events_gen.go", "app/event_streams/streams_gen.go", "app/projections/projections_gen.go"} {
		delete(after, registry)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("something is left or missing (-before +after):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(app.Dir, "app/events/debt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder is left: %v", err)
	}
}

// What was there before, and kept, is not ours to remove.
func TestDestroy_KeepsWhatWasSkipped(t *testing.T) {
	app := newApp(t, "example.com/shop")
	mine := "package debt\n\ntype mine struct{}\n"
	write(t, app.Dir, issued, mine)
	if _, err := app.Apply(t.Context(), event(t, app, "debt/issued"), generators.Options{Skip: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, app.Dir)[issued]; got != mine {
		t.Errorf("got %q, want %q", got, mine)
	}
}

func TestDestroy_KeepsWhatWasEdited(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued", "on:date"), nil)
	edited := tree(t, app.Dir)[issued] + "\n// Mine.\n"
	write(t, app.Dir, issued, edited)

	done, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{})
	if err != nil {
		t.Fatal(err)
	}
	after := tree(t, app.Dir)
	if after[issued] != edited || verbs(done)[issued] != generators.Skip || after["app/events/debt_issued_test.go"] != "" {
		t.Errorf("got %v", verbs(done))
	}
	if !strings.Contains(after["app/events/events_gen.go"], "debt.Issued") {
		t.Error("the kept event is not registered")
	}
}

func TestDestroy_Force_RemovesWhatWasEdited(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued"), nil)
	write(t, app.Dir, issued, "package debt\n")
	if _, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{Force: true}); err != nil {
		t.Fatal(err)
	}
	if text, there := tree(t, app.Dir)[issued]; there {
		t.Errorf("it is left: %s", text)
	}
}

func TestDestroy_RefusesWhileTheLogHasEvents(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued"), nil)
	before := tree(t, app.Dir)
	app.Recorded = func(_ context.Context, kind, name string) (int64, error) {
		if kind != "event" || name != "debt.issued" {
			t.Errorf("asked for the %s %s", kind, name)
		}
		return 3, nil
	}
	_, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{Force: true})
	if err == nil || !strings.Contains(err.Error(), "the log has 3 events debt.issued") {
		t.Errorf("got %v", err)
	}
	unchanged(t, app.Dir, before)

	app.Recorded = func(context.Context, string, string) (int64, error) { return 0, nil }
	if _, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{}); err != nil {
		t.Error(err)
	}
}

func TestDestroy_FailedCheck_IsUndone(t *testing.T) {
	app := newApp(t, "example.com/shop")
	apply(t, app, event(t, app, "debt/issued"), nil)
	before := tree(t, app.Dir)
	app.Check = func(context.Context, string, []string) error { return errors.New("something needs it") }
	if _, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{}); err == nil {
		t.Error("no error")
	}
	unchanged(t, app.Dir, before)
}

func TestDestroy_NotGenerated(t *testing.T) {
	app := newApp(t, "example.com/shop")
	_, err := app.Destroy(t.Context(), "event", "debt.issued", generators.Options{})
	if err == nil || !strings.Contains(err.Error(), "was not generated here") {
		t.Errorf("got %v", err)
	}
}

func TestFind(t *testing.T) {
	app := newApp(t, "example.com/shop")
	below := filepath.Join(app.Dir, "app/events/debt")
	if err := os.MkdirAll(below, 0o755); err != nil {
		t.Fatal(err)
	}
	found, err := generators.Find(below)
	if err != nil || found.Dir != app.Dir || found.Module != "example.com/shop" {
		t.Errorf("got %v, %v", found, err)
	}
	if _, err := generators.Find(t.TempDir()); err == nil || !strings.Contains(err.Error(), "change to the root of one") {
		t.Errorf("got %v", err)
	}
}
