package generators

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Plan is what a generator wants the tree to have. Apply carries it out.
type Plan struct {
	Kind, Name string // of the receipt
	Files      []File
	Next       []string // what the user may do then, a line each
}

// File is one file of a plan.
type File struct {
	Path string // from the root, with slashes
	Data []byte

	// Shared files serve several generations. They are made once, and whatever has
	// become of them since is left alone.
	Shared bool
}

// Options say how a plan is carried out.
type Options struct {
	Pretend bool // say what would be done
	Force   bool // overwrite, or remove, what differs
	Skip    bool // keep what differs
}

// Verb says what became of a file.
type Verb string

// The verbs.
const (
	Create    Verb = "create"
	Identical Verb = "identical" // there already
	Skip      Verb = "skip"      // there and different: kept
	Force     Verb = "force"     // there and different: overwritten
	Conflict  Verb = "conflict"  // there and different: nothing is written
	Sync      Verb = "sync"      // a registry or receipt, written anew
	Remove    Verb = "remove"
	Run       Verb = "run" // a command; it stands where the path does
)

// Change is what became of one file, or would.
type Change struct {
	Verb Verb   `json:"verb"`
	Path string `json:"path"`
	Note string `json:"note,omitempty"`

	data []byte // what the file has then
}

// Result is what was done, or would have been.
type Result struct {
	Changes []Change `json:"changes"`
	Next    []string `json:"next"`
}

// ConflictError says that files are there already and differ. Nothing was written.
type ConflictError struct{ Paths []string }

func (e *ConflictError) Error() string {
	return strings.Join(e.Paths, ", ") + ": there already, and different; say --force to overwrite or --skip to keep. Nothing was written"
}

// WithoutTests is the plan without the tests.
func (p *Plan) WithoutTests() *Plan {
	less := *p
	less.Files = slices.DeleteFunc(slices.Clone(p.Files), func(f File) bool { return strings.HasSuffix(f.Path, "_test.go") })
	return &less
}

// Apply carries out a plan: all of it, or, on any error, nothing. The result comes with
// a ConflictError too. Two may not be at work on the same tree.
func (a *App) Apply(ctx context.Context, plan *Plan, o Options) (done *Result, err error) {
	root, err := os.OpenRoot(a.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()

	changes, err := resolve(root.FS(), plan.Files, o)
	if err != nil {
		return nil, err
	}
	if err := conflicts(changes); err != nil {
		return &Result{Changes: changes}, err
	}
	kept, err := keepReceipt(root.FS(), plan, changes)
	if err != nil {
		return nil, err
	}
	registries, err := a.registries(root.FS(), changes)
	if err != nil {
		return nil, err
	}

	changes = slices.Concat(changes, registries, kept)
	return a.carryOut(ctx, root, &Result{Changes: changes, Next: plan.Next}, touched(changes), o)
}

// carryOut writes and then checks, and undoes the one where the other fails.
func (a *App) carryOut(ctx context.Context, root *os.Root, done *Result, packages []string, o Options) (*Result, error) {
	changes := done.Changes
	if len(packages) > 0 {
		done.Changes = append(changes, Change{Verb: Run, Path: "go vet " + strings.Join(packages, " ")})
	}
	if o.Pretend {
		return done, nil
	}
	undo, err := write(root, changes)
	if err == nil && len(packages) > 0 {
		err = a.Check(ctx, a.Dir, packages)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w\nNothing was changed", err), undo())
	}
	return done, nil
}

// resolve compares what is wanted with what is there.
func resolve(tree fs.FS, files []File, o Options) ([]Change, error) {
	var changes []Change
	for _, f := range files {
		data, err := formatted(f)
		if err != nil {
			return nil, err
		}
		old, err := fs.ReadFile(tree, f.Path)
		c := Change{Path: f.Path, data: data}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if _, err := fs.Lstat(tree, f.Path); err == nil {
				return nil, fmt.Errorf("%s is a link that leads nowhere; remove it", f.Path)
			}
			c.Verb = Create
		case err != nil:
			return nil, err
		case bytes.Equal(old, data):
			c.Verb = Identical
		case f.Shared:
			continue
		case o.Force:
			c.Verb = Force
		case o.Skip:
			c.Verb, c.data = Skip, old
		default:
			c.Verb = Conflict
		}
		changes = append(changes, c)
	}
	return changes, nil
}

// formatted is the file as gofmt writes it.
func formatted(f File) ([]byte, error) {
	if path.Ext(f.Path) != ".go" {
		return f.Data, nil
	}
	data, err := format.Source(f.Data)
	if err != nil {
		return nil, fmt.Errorf("generate %s: %w", f.Path, err)
	}
	return data, nil
}

func conflicts(changes []Change) error {
	var paths []string
	for _, c := range changes {
		if c.Verb == Conflict {
			paths = append(paths, c.Path)
		}
	}
	if paths == nil {
		return nil
	}
	return &ConflictError{paths}
}

// writes reports whether the change touches the tree.
func (c Change) writes() bool {
	return c.Verb == Create || c.Verb == Force || c.Verb == Sync || c.Verb == Remove
}

// touched are the packages that have to be checked.
func touched(changes []Change) []string {
	var packages []string
	for _, c := range changes {
		if c.writes() && path.Ext(c.Path) == ".go" {
			packages = append(packages, "./"+path.Dir(c.Path))
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}
