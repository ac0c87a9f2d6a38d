package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// NewApp is an application that is not there yet.
type NewApp struct {
	Name     Name
	Folder   string // where it goes, below a folder that is there
	Module   string // the path of its module
	Database string // of its settings and tests: one of Databases

	// Framework is what the application is built with.
	Framework Framework

	// Now numbers its first migration.
	Now func() time.Time

	// Check is asked, after everything was written, whether it compiles.
	Check func(ctx context.Context, dir string, packages []string) error
}

// Databases are those an application may use; the first one needs no server.
func Databases() []string { return strings.Fields("sqlite postgres") }

// ParseNew reads what an application is to be. An empty module is the name, an empty
// database the first one.
func ParseNew(name, module, database string) (*NewApp, error) {
	parsed, err := ParseApp(name)
	if err != nil {
		return nil, err
	}
	n := &NewApp{Name: parsed, Folder: name, Module: module, Database: database, Now: time.Now, Check: goVet}
	if n.Module == "" {
		n.Module = name
	}
	if n.Database == "" {
		n.Database = Databases()[0]
	}
	if err := errors.Join(CheckModule(n.Module), n.checkDatabase(), n.checkOwn()); err != nil {
		return nil, err
	}
	return n, nil
}

func (n *NewApp) checkDatabase() error {
	for _, known := range Databases() {
		if n.Database == known {
			return nil
		}
	}
	return fmt.Errorf("database %q is not known; there are %s", n.Database, strings.Join(Databases(), " and "))
}

// checkOwn refuses modules that go would not find, or would find elsewhere.
func (n *NewApp) checkOwn() error {
	switch {
	case within(n.Module, frameworkPath):
		return fmt.Errorf("module %q: that is the framework's own; use one such as example.com/shop", n.Module)
	case pathHas(n.Module, "internal"), pathHas(n.Module, "vendor"), pathHas(n.Module, "testdata"):
		return fmt.Errorf("module %q: internal, vendor and testdata mean something in Go already; use one such as example.com/shop", n.Module)
	}
	return nil
}

func pathHas(path, part string) bool { return strings.Contains("/"+path+"/", "/"+part+"/") }

// Create writes an application into a folder below parent: all of it, or, on any error,
// nothing. A folder that is there already has to be empty, unless o.Force says otherwise.
func (n *NewApp) Create(ctx context.Context, parent string, withTests bool, o Options) (done *Result, err error) {
	dir := filepath.Join(parent, n.Folder)
	there, err := n.exists(dir, o.Force)
	if err != nil {
		return nil, err
	}
	if there {
		return n.apply(ctx, dir, withTests, o)
	}

	made, err := os.MkdirTemp(parent, "."+n.Folder+"-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if removeErr := os.RemoveAll(made); err == nil { // it is gone where all went well
			err = removeErr
		}
	}()
	done, err = n.apply(ctx, made, withTests, o)
	if err != nil || o.Pretend {
		return done, err
	}
	return done, errors.Join(os.Chmod(made, 0o755), os.Rename(made, dir))
}

// exists reports whether the folder is there, and refuses one that is in use.
func (n *NewApp) exists(dir string, force bool) (bool, error) {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("look at the folder %s: %w", n.Folder, err)
	case len(entries) > 0 && !force:
		return false, fmt.Errorf("the folder %s is there already and has files in it; use another name, an empty folder, or --force to overwrite what differs. Nothing was written", n.Folder)
	}
	return true, nil
}

func (n *NewApp) apply(ctx context.Context, dir string, withTests bool, o Options) (*Result, error) {
	app := &App{Dir: dir, Module: n.Module, Now: n.Now, Check: n.Check}
	plan, err := n.plan(app, n.data())
	if err != nil {
		return nil, err
	}
	if !withTests {
		plan = plan.WithoutTests()
	}
	return app.Apply(ctx, plan, o)
}
