package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
	"github.com/ireneo-dev/ireneo/internal/dev"
)

// serverPackage is that of an application's binary.
const serverPackage = "./cmd/server"

// addApplication adds the commands that work on the application around the working
// directory, those that its own binary knows among them.
func addApplication(root *cobra.Command) {
	group := &cobra.Group{ID: "application", Title: "In an application:"}
	root.AddGroup(group)
	for _, cmd := range append(ofApplication(), develop(), runTests(), doctor(), runner()) {
		cmd.GroupID = group.ID
		root.AddCommand(cmd)
	}
	root.AddCommand(secret())
}

// ofApplication are the commands that the binary of the application around the working
// directory knows. It is built, and takes the place of this process.
func ofApplication() []*cobra.Command {
	pass := func(name, short string, examples ...string) *cobra.Command {
		return &cobra.Command{
			Use: name, Short: short, Example: "  ireneo " + strings.Join(examples, "\n  ireneo "),
			DisableFlagParsing: true, // they are the application's to understand
			RunE: func(cmd *cobra.Command, args []string) error {
				return handOver(cmd.Context(), append([]string{name}, args...))
			},
		}
	}
	return []*cobra.Command{
		pass("serve", "Answer HTTP requests until asked to stop", "serve"),
		pass("work", "Run subscriptions and projections without answering HTTP", "work"),
		pass("subscriptions", "Look after the subscriptions", "subscriptions list", "subscriptions status NAME"),
		pass("projections", "Look after the rows of projections", "projections list", "projections verify --all"),
		pass("tail", "Print the last events, and those that come", "tail", "tail --type 'debt.*' --json"),
		pass("db", "Migrate, roll back, seed, create and drop the database", "db status", "db migrate", "db --help"),
		pass("routes", "List what is answered, and by which function", "routes", "routes --json"),
		pass("types", "Count the events in the log by their types", "types"),
		pass("check", "Say whether settings, database and migrations are right", "check"),
	}
}

// handOver lets the application's binary carry out a command, in the application's root.
func handOver(ctx context.Context, args []string) error {
	app, err := generators.Find(".")
	if err != nil {
		return err
	}
	binary, err := buildApplication(ctx, app)
	if err != nil {
		return err
	}
	return become(app.Dir, binary, append([]string{"ireneo"}, args...))
}

// buildApplication builds the application's binary, which takes a moment where nothing
// has changed.
func buildApplication(ctx context.Context, app *generators.App) (binary string, err error) {
	if err := hasBinary(app); err != nil {
		return "", err
	}
	return build(ctx, app, "server", serverPackage)
}

// hasBinary fails where the application has no binary to build.
func hasBinary(app *generators.App) error {
	if _, err := os.Stat(filepath.Join(app.Dir, serverPackage)); err != nil {
		return fmt.Errorf("the application in %s has no package %s for its binary; ireneo new writes one that can be copied", app.Dir, serverPackage)
	}
	return nil
}

// build builds a binary that is kept between calls.
func build(ctx context.Context, app *generators.App, name string, packages ...string) (binary string, err error) {
	folder, err := cacheOf(app)
	if err != nil {
		return "", err
	}
	binary = filepath.Join(folder, name+dev.BinaryEnding)
	return binary, dev.Build(ctx, app.Dir, binary, packages...)
}

// cacheOf is the folder where binaries of the application are kept.
func cacheOf(app *generators.App) (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("look for a folder to build in: %w", err)
	}
	key := sha256.Sum256([]byte(app.Dir))
	folder := filepath.Join(caches, "ireneo", filepath.Base(app.Dir)+"-"+hex.EncodeToString(key[:8]))
	return folder, os.MkdirAll(folder, 0o750)
}

func runner() *cobra.Command {
	return &cobra.Command{
		Use: "runner FILE.go [ARGUMENT...]", Short: "Run a file of Go that uses the application",
		Long: "Run a file of Go, of package main, that uses the application's packages. It stands anywhere in the\n" +
			"application, with the line //go:build ignore at its top where other files are beside it, and runs in\n" +
			"the application's root.",
		Example: "  ireneo runner scripts/tidy.go", DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError{errors.New("the file, such as scripts/tidy.go, is missing")}
			}
			if slices.Contains([]string{"-h", "--help"}, args[0]) {
				return cmd.Help()
			}
			return runFile(cmd.Context(), args)
		},
	}
}

func runFile(ctx context.Context, args []string) error {
	app, err := generators.Find(".")
	if err != nil {
		return err
	}
	file, err := filepath.Abs(args[0])
	if err != nil {
		return err
	}
	inside, err := filepath.Rel(app.Dir, file)
	if err != nil || !filepath.IsLocal(inside) || filepath.Ext(file) != ".go" {
		return usageError{fmt.Errorf("%s is not a file of Go in %s", args[0], app.Dir)}
	}
	key := sha256.Sum256([]byte(inside))
	binary, err := build(ctx, app, "runner-"+hex.EncodeToString(key[:8]), "./"+filepath.ToSlash(inside))
	if err != nil {
		return err
	}
	return become(app.Dir, binary, args)
}
