// Package guides_test compiles the guides: every block of Go is a whole file, whose first
// line says where it stands, and every test among them is run.
package guides_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// block is a fenced block of a guide that is a file: its first line is a comment with the
// path.
var block = regexp.MustCompile("(?ms)^```(go|sql)\n(?://|--) ([\\w./]+)\n(.*?)^```$")

// fences begin blocks of Go or SQL, whether they are files or not.
var fences = regexp.MustCompile("(?m)^```(go|sql)$")

func TestGuides_CompileAndPass(t *testing.T) {
	guides, err := filepath.Glob("*.md")
	if err != nil || len(guides) == 0 {
		t.Fatalf("got %d guides, %v", len(guides), err)
	}
	for _, guide := range guides {
		if guide == "getting-started.md" { // it has a test of its own
			continue
		}
		t.Run(strings.TrimSuffix(guide, ".md"), func(t *testing.T) {
			text, err := os.ReadFile(guide)
			if err != nil {
				t.Fatal(err)
			}
			files := block.FindAllSubmatch(text, -1)
			if got := len(fences.FindAll(text, -1)); got != len(files) {
				t.Errorf("%d of %d blocks do not begin with a comment that says where they stand", got-len(files), got)
			}
			if len(files) == 0 {
				return
			}
			dir := module(t)
			for _, f := range files {
				write(t, filepath.Join(dir, string(f[2])), f[3])
			}
			run(t, dir, "go", "vet", "./...")
			run(t, dir, "go", "test", "./...")
		})
	}
}

// module is a folder with a module that depends on this checkout.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/ireneo-dev/ireneo"
	text := strings.Replace(string(mod), "module "+path, "module example.com/shop", 1) +
		"\nrequire " + path + " v0.0.0\nreplace " + path + " => " + root + "\n"
	write(t, filepath.Join(dir, "go.mod"), []byte(text))
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "go.sum"), sum)
	return dir
}

func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}
