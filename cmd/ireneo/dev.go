package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path"
	"slices"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo/generators"
	"github.com/ireneo-dev/ireneo/internal/dev"
)

func develop() *cobra.Command {
	return &cobra.Command{
		Use: "dev", Short: "Serve while you write: build, swap and reload at every change",
		Long: "Serve the application on HOST and PORT while you write. At every change of a file it generates what\n" +
			"follows from it, builds, lets the new process take over and reloads the browser. What does not\n" +
			"compile is shown in the browser, and what was built before goes on answering everything but pages.",
		Example: "  ireneo dev\n  PORT=3000 ireneo dev", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, err := generators.Find(".")
			if err != nil {
				return err
			}
			addr, err := devAddr()
			if err := errors.Join(err, hasBinary(app)); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP) // the terminal was closed
			defer stop()
			return dev.Loop{
				Dir: app.Dir, Command: serverPackage, Addr: addr, Env: devEnv(),
				Generate: func(ctx context.Context, changed []string) error { return follow(ctx, app, changed) },
				Out:      cmd.OutOrStdout(),
			}.Run(ctx)
		},
	}
}

// devAddr is where the application would listen.
func devAddr() (string, error) {
	if os.Getenv("IRENEO_ENV") == "production" {
		return "", errors.New("IRENEO_ENV is production; run: ireneo serve, or unset it")
	}
	port := cmp.Or(os.Getenv("PORT"), "8080")
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", fmt.Errorf("PORT is %q; set it to a number from 0 to 65535", port)
	}
	return net.JoinHostPort(cmp.Or(os.Getenv("HOST"), "127.0.0.1"), port), nil
}

// devEnv is the application's environment. Its requests come from us, and it is to know
// from whom they came to us.
func devEnv() []string {
	proxies := "127.0.0.1"
	if others := os.Getenv("IRENEO_TRUSTED_PROXIES"); others != "" {
		proxies += "," + others
	}
	return append(os.Environ(), "IRENEO_TRUSTED_PROXIES="+proxies)
}

// follow writes what follows from changed files: templ's Go, and the registries.
func follow(ctx context.Context, app *generators.App, changed []string) error {
	has := func(ending string) bool {
		return slices.ContainsFunc(changed, func(name string) bool { return path.Ext(name) == ending })
	}
	if has(".templ") {
		if err := dev.Templ(ctx, app.Dir, "."); err != nil {
			return err
		}
	}
	if !has(".go") {
		return nil
	}
	return syncOnly(ctx, app)
}

// syncOnly rebuilds the registries without asking whether the result compiles, which is
// found out next anyway.
func syncOnly(ctx context.Context, app *generators.App) error {
	unchecked := *app
	unchecked.Check = func(context.Context, string, []string) error { return nil }
	if _, err := unchecked.Sync(ctx, generators.Options{}); err != nil {
		return &dev.FailedError{Command: "ireneo sync", Output: err.Error()}
	}
	return nil
}
