package generators

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
)

// write makes the changes within root, which no path leaves. undo puts everything back
// as it was; it is to be called where write, or anything after it, fails. A process
// that is killed meanwhile leaves what it had written.
func write(root *os.Root, changes []Change) (undo func() error, err error) {
	var steps []func() error // each undoes one step, newest last
	undo = func() error {
		var errs []error
		for i := len(steps) - 1; i >= 0; i-- {
			errs = append(errs, steps[i]())
		}
		return errors.Join(errs...)
	}
	for _, c := range changes {
		if !c.writes() {
			continue
		}
		var more []func() error
		if c.Verb == Remove {
			more, err = remove(root, c.Path)
		} else {
			more, err = put(root, c.Path, c.data)
		}
		steps = append(steps, more...)
		if err != nil {
			return undo, fmt.Errorf("%s %s: %w", c.Verb, c.Path, err)
		}
	}
	return undo, nil
}

// put writes a file and the folders above it.
func put(root *os.Root, name string, data []byte) (undo []func() error, err error) {
	for _, dir := range above(name) {
		if err := root.Mkdir(dir, 0o755); err == nil {
			undo = append(undo, func() error { return root.Remove(dir) })
		} else if !errors.Is(err, fs.ErrExist) {
			return undo, err
		}
	}
	restore, err := restorer(root, name)
	if err != nil {
		return undo, err
	}
	return append(undo, restore), root.WriteFile(name, data, 0o644)
}

// remove removes a file, and the folders above it that are empty then.
func remove(root *os.Root, name string) (undo []func() error, err error) {
	restore, err := restorer(root, name)
	if err != nil {
		return nil, err
	}
	if err := root.Remove(name); err != nil {
		return nil, err
	}
	undo = append(undo, restore)

	dirs := above(name)
	for i := len(dirs) - 1; i >= 0; i-- {
		dir := dirs[i]
		if root.Remove(dir) != nil { // it is not empty
			break
		}
		undo = append(undo, func() error { return root.Mkdir(dir, 0o755) })
	}
	return undo, nil
}

// restorer makes a file again what it is now.
func restorer(root *os.Root, name string) (func() error, error) {
	info, err := root.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return func() error {
			if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}, nil
	}
	if err != nil {
		return nil, err
	}
	old, err := root.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return func() error { return root.WriteFile(name, old, info.Mode().Perm()) }, nil
}

// above are the folders that a file is in, outermost first.
func above(name string) (dirs []string) {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		dirs = append([]string{dir}, dirs...)
	}
	return dirs
}
