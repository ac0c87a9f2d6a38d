package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// FailedError is what a command said before it failed.
type FailedError struct {
	Command string // such as go build
	Output  string
	How     string // it ended, where the terminal has the output already
}

func (e *FailedError) Error() string { return e.Command + ":\n" + e.Output }

// Build compiles one package of the application in dir, or files of one, to a binary,
// without what only debuggers need: that takes as long as the rest of linking. What the
// compiler says comes as a FailedError.
func Build(ctx context.Context, dir, binary string, packages ...string) error {
	return goCommand(ctx, dir, "go build", append([]string{"build", "-ldflags=-w", "-o", binary}, packages...)...)
}

// templPackage is the command that turns .templ files into Go.
const templPackage = "github.com/a-h/templ/cmd/templ"

// ErrNoTempl says that the application's go.mod does not say which templ it uses.
var ErrNoTempl = errors.New("templ is not a tool of go.mod; run: go get -tool " + templPackage)

// Templ writes the Go files of all .templ files below folder, with the templ that is a
// tool of the application in dir, in its go.mod or in tools/go.mod. What templ says comes
// as a FailedError.
func Templ(ctx context.Context, dir, folder string) error {
	for _, file := range []string{"go.mod", filepath.Join("tools", "go.mod")} {
		mod, err := os.ReadFile(filepath.Join(dir, file))
		if err == nil && strings.Contains(string(mod), templPackage) {
			return goCommand(ctx, dir, "templ generate", "tool", "-modfile="+file, "templ", "generate", "-path", folder)
		}
	}
	return ErrNoTempl
}

// goCommand runs go in dir, under a name for people. Whatever it started ends with ctx.
func goCommand(ctx context.Context, dir, name string, args ...string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
	cmd.SysProcAttr = ownGroup()
	cmd.Cancel = func() error { return signalGroup(cmd.Process, os.Kill) }
	cmd.WaitDelay = time.Second

	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return &FailedError{Command: name, Output: strings.TrimSpace(said.String())}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
