package dev

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing has to happen until files are looked at: an editor that saves
// empties a file first.
const quiet = 50 * time.Millisecond

// endings are those of files that the application is made of.
var endings = []string{".go", ".templ", ".sql", ".css", ".js", "go.mod", "go.sum"}

// files are those of the application. What the system tells of them is only the reason to
// look: a change is a change of contents, so that a file is not changed by being saved as
// it was, or by having been generated. One goroutine at a time uses it.
type files struct {
	dir    string
	events *fsnotify.Watcher
	known  contents
}

// contents are the hashes of files, by path.
type contents map[string][sha256.Size]byte

func watch(dir string) (*files, error) {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch files: %w", err)
	}
	return &files{dir: dir, events: events, known: contents{}}, nil
}

func (f *files) close() error { return f.events.Close() }

// changes are the files that differ from what they were at the last call.
func (f *files) changes() ([]string, error) {
	now, err := f.look()
	if err != nil {
		return nil, err
	}
	var changed []string
	for name, hash := range now {
		if f.known[name] != hash {
			changed = append(changed, name)
		}
	}
	for name := range f.known {
		if _, there := now[name]; !there {
			changed = append(changed, name)
		}
	}
	f.known = now
	slices.Sort(changed)
	return changed, nil
}

// wait waits until files differ from what they were at the last call of changes.
func (f *files) wait(ctx context.Context) error {
	look := time.NewTimer(quiet) // something may have happened already
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e := <-f.events.Events:
			if matters(e) {
				look.Reset(quiet)
			}
		case lost := <-f.events.Errors:
			if lost != nil { // some events were, so all may have changed
				look.Reset(quiet)
			}
		case <-look.C:
			now, err := f.look()
			if err != nil || !maps.Equal(now, f.known) {
				return err
			}
		}
	}
}

// matters reports whether an event may be of a watched file. Of what has no ending it may:
// that may be a folder. Database files are written all the time.
func matters(e fsnotify.Event) bool {
	if isWatched(e.Name) {
		return e.Op != fsnotify.Chmod
	}
	return filepath.Ext(e.Name) == "" && e.Has(fsnotify.Create|fsnotify.Remove|fsnotify.Rename)
}

// look reads all watched files, and sees to it that their folders are watched.
func (f *files) look() (contents, error) {
	now := contents{}
	err := filepath.WalkDir(f.dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil: // gone in the meantime, or not for us to read; the compiler will tell
			return nil
		case entry.IsDir() && path != f.dir && Ignored(entry.Name()):
			return fs.SkipDir
		case entry.IsDir():
			return f.watchFolder(path)
		case !isWatched(path):
			return nil
		}
		if text, err := os.ReadFile(path); err == nil {
			name, _ := filepath.Rel(f.dir, path)
			now[filepath.ToSlash(name)] = sha256.Sum256(text)
		}
		return nil
	})
	return now, err
}

func (f *files) watchFolder(path string) error {
	err := f.events.Add(path)
	if _, gone := os.Stat(path); err == nil || gone != nil {
		return nil
	}
	return fmt.Errorf("watch %s: %w; if there are too many folders, raise fs.inotify.max_user_watches", path, err)
}

// Ignored reports whether a folder of that name has nothing of the application.
func Ignored(folder string) bool {
	return strings.HasPrefix(folder, ".") || folder == "node_modules" || folder == "testdata"
}

func isWatched(path string) bool {
	return slices.ContainsFunc(endings, func(ending string) bool { return strings.HasSuffix(path, ending) }) &&
		!strings.HasPrefix(filepath.Base(path), ".")
}
