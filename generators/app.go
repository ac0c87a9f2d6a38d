package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// App is the tree of an application.
type App struct {
	Dir    string // its root, where go.mod is
	Module string // the path of its module

	// Now numbers migrations.
	Now func() time.Time

	// Check is asked, after everything was written, whether these packages and their
	// tests compile. Its error undoes what was written.
	Check func(ctx context.Context, dir string, packages []string) error

	// Recorded counts the events in the log of a kind, "event" or "stream", by stored
	// name. Nil: the log is not asked.
	Recorded func(ctx context.Context, kind, name string) (int64, error)
}

var moduleLine = regexp.MustCompile(`(?m)^module[ \t]+"?([^\s"]+)"?`)

// Find looks for an application from a folder upwards: a go.mod beside a folder app.
func Find(dir string) (*App, error) {
	start, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	for dir = start; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look for an application: %w", err)
		}
		if info, statErr := os.Stat(filepath.Join(dir, "app")); err == nil && statErr == nil && info.IsDir() {
			return open(dir, mod)
		}
		if dir == filepath.Dir(dir) {
			return nil, fmt.Errorf("no application in %s or above it: there is no go.mod beside a folder app; change to the root of one", start)
		}
	}
}

func open(dir string, mod []byte) (*App, error) {
	found := moduleLine.FindSubmatch(mod)
	if found == nil {
		return nil, fmt.Errorf("%s says no module path", filepath.Join(dir, "go.mod"))
	}
	app := &App{Dir: dir, Module: string(found[1]), Now: time.Now, Check: goVet}
	return app, CheckModule(app.Module)
}

// goVet compiles packages and their tests, and vets them.
func goVet(ctx context.Context, dir string, packages []string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"vet"}, packages...)...)
	command.Dir = dir
	out, err := command.CombinedOutput()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && ctx.Err() == nil {
		return fmt.Errorf("go vet %s:\n%s", strings.Join(packages, " "), strings.TrimSpace(string(out)))
	}
	return errors.Join(err, ctx.Err())
}
