package generators_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/generators"
)

// newOne is an application that is not compiled.
func newOne(t *testing.T, name string) *generators.NewApp {
	t.Helper()
	n, err := generators.ParseNew(name, "", "")
	if err != nil {
		t.Fatal(err)
	}
	if n.Framework, err = generators.BuiltWith(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.Now = func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) }
	n.Check = func(context.Context, string, []string) error { return nil }
	return n
}

func create(t *testing.T, n *generators.NewApp, parent string, o generators.Options) *generators.Result {
	t.Helper()
	done, err := n.Create(t.Context(), parent, true, o)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestParseNew_Refusals(t *testing.T) {
	for name, tt := range map[string]struct{ app, module, database, want string }{
		"no name":            {"", "", "", "use letters from a to z"},
		"a folder":           {"../shop", "", "", "use letters from a to z"},
		"a flag":             {"-shop", "", "", "use letters from a to z"},
		"Go's own word":      {"func", "", "", "means something in Go"},
		"no module":          {"shop", "example.com/a b", "", "use letters, digits and -._~"},
		"a module of Go":     {"shop", "std/shop", "", "Go's own"},
		"an internal module": {"internal", "", "", "use one such as example.com/shop"},
		"the framework":      {"shop", "github.com/ireneo-dev/ireneo", "", "the framework's own"},
		"no such database":   {"shop", "", "mysql", "there are sqlite and postgres"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := generators.ParseNew(tt.app, tt.module, tt.database)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// A folder in use is refused and nothing changes; an empty one is as good as none.
func TestNewApp_Create_Folder(t *testing.T) {
	parent := t.TempDir()
	write(t, parent, "shop/mine.txt", "mine")
	if _, err := newOne(t, "shop").Create(t.Context(), parent, true, generators.Options{}); err == nil || !strings.Contains(err.Error(), "use another name, an empty folder, or --force") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(map[string]string{"shop/mine.txt": "mine"}, tree(t, parent)); diff != "" {
		t.Errorf("files differ (-before +after):\n%s", diff)
	}

	write(t, parent, "shop/README.md", "mine")
	create(t, newOne(t, "shop"), parent, generators.Options{Force: true})
	if got := tree(t, parent); got["shop/mine.txt"] != "mine" || got["shop/README.md"] == "mine" || got["shop/go.mod"] == "" {
		t.Errorf("got %v", got)
	}

	write(t, parent, "file", "mine")
	if _, err := newOne(t, "file").Create(t.Context(), parent, true, generators.Options{Force: true}); err == nil || !strings.Contains(err.Error(), "the folder file") {
		t.Errorf("got %v", err)
	}

	if err := os.Mkdir(filepath.Join(parent, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	create(t, newOne(t, "empty"), parent, generators.Options{})
	if tree(t, parent)["empty/go.mod"] == "" {
		t.Error("nothing was written")
	}
}

// What does not compile, or is only to be looked at, leaves nothing behind.
func TestNewApp_Create_AllOrNothing(t *testing.T) {
	broken := newOne(t, "shop")
	broken.Check = func(context.Context, string, []string) error { return errors.New("broken") }
	for _, folder := range []string{"", "shop"} { // none, and an empty one
		parent := t.TempDir()
		if err := os.MkdirAll(filepath.Join(parent, folder), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := broken.Create(t.Context(), parent, true, generators.Options{}); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("got %v", err)
		}
		if done := create(t, newOne(t, "shop"), parent, generators.Options{Pretend: true}); len(done.Changes) < 30 {
			t.Errorf("got %v", done.Changes)
		}
		var left []string // of what is there, hidden folders too
		err := filepath.WalkDir(parent, func(name string, _ fs.DirEntry, err error) error {
			if name != parent && name != filepath.Join(parent, folder) {
				left = append(left, name)
			}
			return err
		})
		if err != nil || left != nil {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// Another application of the same name has the same files, with or without its tests.
func TestNewApp_Create_Again(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	create(t, newOne(t, "my-shop"), first, generators.Options{})
	create(t, newOne(t, "my-shop"), second, generators.Options{})
	if diff := cmp.Diff(tree(t, first), tree(t, second)); diff != "" {
		t.Errorf("files differ (-first +second):\n%s", diff)
	}
	for _, c := range create(t, newOne(t, "my-shop"), first, generators.Options{Force: true}).Changes {
		if c.Verb != generators.Identical {
			t.Errorf("got %s %s", c.Verb, c.Path)
		}
	}

	untested := t.TempDir()
	if _, err := newOne(t, "my-shop").Create(t.Context(), untested, false, generators.Options{}); err != nil {
		t.Fatal(err)
	}
	for name := range tree(t, untested) {
		if strings.HasSuffix(name, "_test.go") {
			t.Errorf("%s was written", name)
		}
	}
}

// pinned is a line of go.mod that names a version: a module's, or Go's own.
var pinned = regexp.MustCompile(`(?m)^(\t\S+|go) (\S+)`)

// versions are what a go.mod pins, by module.
func versions(mod string) map[string]string {
	found := map[string]string{}
	for _, match := range pinned.FindAllStringSubmatch(mod, -1) {
		found[match[1]] = match[2]
	}
	return found
}

// An application is built with what the framework is tested with, down to the checksums.
// After an upgrade the test with -update brings the templates up to date. A module that
// is new to the framework's packages is added to go.mod.tmpl before that.
func TestNewApp_ModulesAreTheFrameworks(t *testing.T) {
	const dir = "templates/new"
	framework, mod, sum := versions(fileText(t, "..", "go.mod")), fileText(t, dir, "go.mod.tmpl"), fileText(t, dir, "go.sum.tmpl")
	wantMod := pinned.ReplaceAllStringFunc(mod, func(line string) string {
		match := pinned.FindStringSubmatch(line)
		if version := framework[match[1]]; version != "" {
			return match[1] + " " + version
		}
		return line
	})

	known := map[string]string{} // by module and version
	for line := range strings.Lines(fileText(t, "..", "go.sum") + fileText(t, "..", "tools/go.sum") + sum) {
		known[line[:strings.LastIndexByte(line, ' ')]] = line
	}
	var sums []string
	for module, version := range versions(wantMod) {
		if module = strings.TrimSpace(module); module == "go" || module == "github.com/ireneo-dev/ireneo" {
			continue
		}
		for _, key := range []string{module + " " + version, module + " " + version + "/go.mod"} {
			if known[key] == "" {
				t.Errorf("no go.sum has %s; it is of go tool templ alone: write an application, run go get %[1]s there, and add what its go.sum has", key)
			}
			sums = append(sums, known[key])
		}
	}
	slices.Sort(sums)
	wantSum := strings.Join(sums, "")
	if *update {
		write(t, dir, "go.mod.tmpl", wantMod)
		write(t, dir, "go.sum.tmpl", wantSum)
		return
	}
	if diff := cmp.Diff(wantMod+wantSum, mod+sum); diff != "" {
		t.Errorf("not what the framework has; run the test with -update (-want +got):\n%s", diff)
	}
}

// A release is required as it is, a checkout replaces the framework.
func TestNewApp_Framework(t *testing.T) {
	for name, tt := range map[string]struct {
		framework generators.Framework
		want      []string
	}{
		"release":        {generators.Framework{Version: "v1.2.3", Sums: []string{"ireneo v1.2.3 h1:x="}}, []string{"\tgithub.com/ireneo-dev/ireneo v1.2.3\n", "\nireneo v1.2.3 h1:x=\n"}},
		"checkout":       {generators.Framework{Version: "v0.0.0", Checkout: "/src/ireneo"}, []string{"ireneo v0.0.0\n", "replace github.com/ireneo-dev/ireneo => /src/ireneo\n"}},
		"with a space":   {generators.Framework{Version: "v0.0.0", Checkout: "/my src"}, []string{`=> "/my src"` + "\n"}},
		"with a comment": {generators.Framework{Version: "v0.0.0", Checkout: "/src//x"}, []string{`=> "/src//x"` + "\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			n, parent := newOne(t, "shop"), t.TempDir()
			n.Framework = tt.framework
			create(t, n, parent, generators.Options{})
			got := fileText(t, parent, "shop/go.mod") + fileText(t, parent, "shop/go.sum")
			for _, want := range tt.want {
				if !strings.Contains(got, want) {
					t.Errorf("%q is missing in:\n%s", want, got)
				}
			}
			if tt.framework.Checkout == "" && strings.Contains(got, "replace") {
				t.Errorf("a release is replaced:\n%s", got)
			}
		})
	}
}
