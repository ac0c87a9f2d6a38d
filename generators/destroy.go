package generators

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
)

// Destroy undoes the generation of a kind and a name: it removes what was written,
// keeps what was edited since, and refuses while the log has such events.
func (a *App) Destroy(ctx context.Context, kind, name string, o Options) (done *Result, err error) {
	root, err := os.OpenRoot(a.Dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, root.Close()) }()

	r, err := readReceipt(root.FS(), kind, name)
	if err != nil {
		return nil, err
	}
	if r == nil {
		return nil, fmt.Errorf("%s %s was not generated here: there is no %s", kind, name, receiptPath(kind, name))
	}
	done = &Result{}
	if done.Next, err = a.askLog(ctx, kind, name); err != nil {
		return nil, err
	}
	changes, err := removals(root.FS(), r, o)
	if err != nil {
		return nil, err
	}
	changes = append(changes, Change{Verb: Remove, Path: receiptPath(kind, name)})
	registries, err := a.registries(root.FS(), changes)
	if err != nil {
		return nil, err
	}

	done.Changes = append(changes, registries...)
	return a.carryOut(ctx, root, done, []string{"./..."}, o)
}

// askLog refuses where events would become unreadable, and says what is to be known
// otherwise.
func (a *App) askLog(ctx context.Context, kind, name string) (notes []string, err error) {
	var events string
	counted := kind
	switch kind {
	case "event":
		events = "events " + name
	case "stream", "scaffold":
		counted, events = "stream", "events of streams "+name
	}
	if kind != "event" && kind != "stream" && kind != "command" {
		notes = []string{"Where its migration was applied already, write another that undoes it."}
	}
	if events == "" {
		return notes, nil
	}
	if a.Recorded == nil {
		return append(notes, fmt.Sprintf("The log was not asked whether it has %s; they stay in it, but nothing reads them any more.", events)), nil
	}
	count, err := a.Recorded(ctx, counted, name)
	if err != nil {
		return nil, fmt.Errorf("ask the log for %s: %w", events, err)
	}
	if count > 0 {
		return nil, fmt.Errorf("the log has %d %s, which nothing could read any more; keep the %s", count, events, kind)
	}
	return notes, nil
}

// removals are the files of a receipt that are still as they were written, and then
// the shared ones that nothing is left to share.
func removals(tree fs.FS, r *receipt, o Options) ([]Change, error) {
	var changes []Change
	for _, entry := range r.Files {
		c, err := removal(tree, entry, o)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	for _, entry := range r.Shared {
		used, err := inUse(tree, path.Dir(entry.Path), r.Shared, changes)
		if err != nil {
			return nil, err
		}
		if used {
			continue
		}
		c, err := removal(tree, entry, o)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c...)
	}
	return changes, nil
}

func removal(tree fs.FS, entry written, o Options) ([]Change, error) {
	data, err := fs.ReadFile(tree, entry.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	case hashOf(data) != entry.SHA256 && !o.Force:
		return []Change{{Verb: Skip, Path: entry.Path, Note: "edited since, kept"}}, nil
	default:
		return []Change{{Verb: Remove, Path: entry.Path}}, nil
	}
}

// inUse reports whether a folder has files that are neither removed, shared, nor
// registries.
func inUse(tree fs.FS, dir string, shared []written, changes []Change) (used bool, err error) {
	err = fs.WalkDir(tree, dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil || entry.IsDir():
			return err
		case name == eventsRegistry, name == streamsRegistry, name == rowsRegistry,
			slices.ContainsFunc(shared, func(w written) bool { return w.Path == name }),
			slices.ContainsFunc(changes, func(c Change) bool { return c.Path == name && c.Verb == Remove }):
			return nil
		}
		used = true
		return fs.SkipAll
	})
	return used, err
}
