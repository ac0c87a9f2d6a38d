package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is the one given, else what the build recorded.
func version(given string) string {
	v := given
	if info, ok := debug.ReadBuildInfo(); ok && v == "" {
		v = info.Main.Version
	}
	return v + " (" + runtime.Version() + ")"
}

// invocation is how this program was started, so that commands in messages can be
// copied. A binary that go run made for the moment is named as go run wants it.
func invocation() string {
	name := os.Args[0]
	if !strings.Contains(name, "go-build") {
		return name
	}
	if info, ok := debug.ReadBuildInfo(); ok && strings.HasPrefix(info.Path, info.Main.Path+"/") {
		return "go run ." + strings.TrimPrefix(info.Path, info.Main.Path)
	}
	return filepath.Base(name)
}
