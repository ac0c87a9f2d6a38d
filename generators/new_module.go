package generators

import (
	"cmp"
	"context"
	"encoding/json"
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
	Sums     []string // the lines of go.sum of a release
	Checkout string   // its folder; empty for a release
}

// BuiltWith is the framework that this program was built with.
func BuiltWith(ctx context.Context) (Framework, error) {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path == frameworkPath && info.Main.Sum != "" {
		return release(ctx, info.Main.Version) // it was downloaded: it has a checksum
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

// release asks go for the checksums of a release, which it verified and keeps since this
// program was installed from it.
func release(ctx context.Context, version string) (Framework, error) {
	command := exec.CommandContext(ctx, "go", "mod", "download", "-json", frameworkPath+"@"+version)
	command.Dir = os.TempDir() // of no module
	out, err := command.Output()
	var module struct{ Error, Sum, GoModSum string }
	if jsonErr := json.Unmarshal(out, &module); jsonErr != nil || module.Error != "" || err != nil {
		return Framework{}, fmt.Errorf("go mod download %s@%s: %s", frameworkPath, version, cmp.Or(module.Error, fmt.Sprint(errors.Join(err, jsonErr))))
	}
	line := frameworkPath + " " + version
	return Framework{Version: version, Sums: []string{line + " " + module.Sum, line + "/go.mod " + module.GoModSum}}, nil
}

// moduleFiles are go.mod and go.sum. They have what generated code and go tool templ
// need, so that nothing has to be looked for.
func (n *NewApp) moduleFiles() ([]File, error) {
	files, err := render(
		rendered{"go.mod", "go.mod.tmpl", map[string]string{
			"Module": n.Module, "Version": n.Framework.Version, "Checkout": quoted(n.Framework.Checkout),
		}, false},
		rendered{"go.sum", "go.sum.tmpl", nil, false},
	)
	if err != nil {
		return nil, err
	}
	for _, line := range n.Framework.Sums {
		files[1].Data = append(files[1].Data, line+"\n"...)
	}
	return files, nil
}

// quoted is a path as go.mod writes it.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t\"'`(),;[]{}") || strings.Contains(path, "//") {
		return strconv.Quote(path)
	}
	return path
}
