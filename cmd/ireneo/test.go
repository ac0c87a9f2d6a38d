package main

import (
	"context"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
	"github.com/ireneo-dev/ireneo/internal/dev"
)

func runTests() *cobra.Command {
	return &cobra.Command{
		Use: "test [ARGUMENT...]", Short: "Bring generated files up to date and run the tests",
		Long: "Bring the generated files up to date, templ's Go and the registries, and run go test with the\n" +
			"arguments, which are those of go test. Without packages among them it tests ./...",
		Example: "  ireneo test\n  ireneo test -race -run TestDebt ./app/...", DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if slices.Contains(args, "-h") || slices.Contains(args, "--help") {
				return cmd.Help()
			}
			return test(cmd.Context(), args)
		},
	}
}

func test(ctx context.Context, args []string) error {
	app, err := generators.Find(".")
	if err != nil {
		return err
	}
	if err := generateDrifted(ctx, app); err != nil {
		return err
	}
	goTool, err := exec.LookPath("go")
	if err != nil {
		return err
	}
	return become(app.Dir, goTool, append([]string{"go", "test"}, withPackages(args)...))
}

// generateDrifted writes the generated files that are not those of their sources.
func generateDrifted(ctx context.Context, app *generators.App) error {
	drifted, err := templDrift(ctx, app)
	if err != nil {
		return err
	}
	if len(drifted) > 0 {
		if err := dev.Templ(ctx, app.Dir, "."); err != nil {
			return err
		}
	}
	return syncOnly(ctx, app)
}

// withPackages adds ./... to arguments of go test that name no package. A package is what
// begins with a dot or names a folder; flags are left as they are.
func withPackages(args []string) []string {
	for _, arg := range args {
		if arg == "-args" || arg == "--args" {
			break
		}
		if len(arg) > 0 && arg[0] == '.' || isFolder(arg) {
			return args
		}
	}
	return append([]string{"./..."}, args...)
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}
