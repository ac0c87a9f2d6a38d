package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// npmFolders have a package-lock.json each: what it names is installed when a row first needs it, and
// kept for later runs in the user's cache.
//
//go:embed emmett messagedb
var npmFolders embed.FS

// patience is for how long an installation may go on. Where there is no network it ends sooner.
const patience = 2 * time.Minute

// installed is where a folder's packages are, below node_modules.
func installed(ctx context.Context, folder string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	files, err := fs.Sub(npmFolders, folder)
	if err != nil {
		return "", err
	}
	sum, err := digest(files)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "ireneo-bench", folder+"-"+sum)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	return dir, install(ctx, files, dir)
}

// digest tells folders with other files apart.
func digest(files fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		fmt.Fprintf(sum, "%s %d %s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:6]), err
}

// install lets dir appear only when all is there.
func install(ctx context.Context, files fs.FS, dir string) (err error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	made, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }() // it is empty once it was renamed
	if err := os.CopyFS(made, files); err != nil {
		return err
	}
	if err := npm(ctx, made); err != nil {
		return err
	}
	return os.Rename(made, dir)
}

// npm installs exactly what the lock file says, and runs no scripts of what it installs.
func npm(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")
	cmd.Dir, cmd.WaitDelay = dir, time.Second
	out, err := cmd.CombinedOutput()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("npm is not installed")
	case ctx.Err() != nil:
		return fmt.Errorf("npm ci did not end: %w", ctx.Err())
	case err != nil:
		first, _, _ := bytes.Cut(out, []byte("\n"))
		return fmt.Errorf("npm ci: %w: %s", err, first)
	}
	return nil
}
