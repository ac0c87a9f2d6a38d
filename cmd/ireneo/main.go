// Command ireneo writes applications and their parts, each with its tests, and looks after
// them while they are written. See its --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

// Exit codes, as those of an application's binary.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(mainExit()) }

func mainExit() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return run(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// run carries out a command line and returns the exit code: 0 for success, 1 for a
// failure, 2 where the command line is not understood.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)

	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, new(usageError)):
		fmt.Fprintf(stderr, "ireneo: %v\nsee: %s --help\n", err, cmd.CommandPath())
		return exitUsage
	default:
		fmt.Fprintf(stderr, "ireneo: %v\n", err)
		return exitFailure
	}
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ireneo",
		Short: "Write applications that never forget",
		Long: "Ireneo writes applications that never forget, and their parts, each with its tests. It never\n" +
			"edits what you wrote, and a command that fails leaves your files as they were.",
		Example: "  ireneo new shop\n  cd shop\n" +
			"  ireneo generate scaffold debt issued:amount:money,issued_on:date paid:amount:money\n  ireneo dev",
		Version: version(), Args: noArgs, RunE: help,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(newApp(), generate(), destroy(), syncRegistries(), &cobra.Command{
		Use: "version", Short: "Say which version this is", Example: "  ireneo version", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "ireneo", version())
			return err
		},
	})
	addApplication(root)
	return root
}

// version is what the build recorded.
func version() string {
	v := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	return v + " (" + runtime.Version() + ")"
}

// usageError says that the command line is not understood.
type usageError struct{ error }

func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// noArgs refuses arguments, and guesses what was meant.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w, did you mean %q?", err, near[0])
	}
	return usageError{err}
}

// atLeast refuses fewer arguments than these, and more where others is false.
func atLeast(others bool, names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(names):
			return usageError{fmt.Errorf("%s is missing", names[len(args)])}
		case len(args) > len(names) && !others:
			return usageError{fmt.Errorf("there is one argument too many: %q", args[len(names)])}
		default:
			return nil
		}
	}
}
