package generators

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// Framework is what an application is built with: a release, or a checkout.
type Framework struct {
	Version  string
	Checkout string // its folder; empty for a release
}

// BuiltWith is the framework that this program was built with.
func BuiltWith() (Framework, error) {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == frameworkPath && info.Main.Sum != "" {
		return Framework{Version: info.Main.Version}, nil // downloaded: it has a checksum
	}
	_, file, _, _ := runtime.Caller(0)
	checkout := filepath.Dir(filepath.Dir(file))
	mod, err := os.ReadFile(filepath.Join(checkout, "go.mod"))
	if found := moduleLine.FindSubmatch(mod); err != nil || found == nil || string(found[1]) != frameworkPath {
		return Framework{}, errors.New("this program is of no release, and the checkout it was built from is not to be found; " +
			"build it there without -trimpath, or install a release: go install " + frameworkPath + "/cmd/ireneo@latest")
	}
	return Framework{Version: "v0.0.0", Checkout: checkout}, nil
}

// check compiles everything. A release is added to go.sum first, from the module cache
// that it was built from.
func (f Framework) check(ctx context.Context, dir string, packages []string) error {
	if f.Checkout == "" {
		command := exec.CommandContext(ctx, "go", "get", frameworkPath+"@"+f.Version)
		command.Dir = dir
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("go get %s@%s: %w\n%s", frameworkPath, f.Version, err, strings.TrimSpace(string(out)))
		}
	}
	return goVet(ctx, dir, packages)
}

// moduleFiles are go.mod and go.sum. They have what generated code and go tool templ
// need, so that nothing has to be looked for.
func (n *NewApp) moduleFiles() ([]File, error) {
	return render(
		rendered{"go.mod", "go.mod.tmpl", map[string]string{
			"Module": n.Module, "Version": n.Framework.Version, "Checkout": quoted(n.Framework.Checkout),
		}, false},
		rendered{"go.sum", "go.sum.tmpl", nil, false},
	)
}

// quoted is a path as go.mod writes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`(),;[]{}") || strings.Contains(path, "//") {
		return strconv.Quote(path)
	}
	return path
}
