package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (p Program) serve(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	return p.with(ctx, func(app *App) error {
		if err := app.prepare(ctx); err != nil {
			return err
		}
		return app.workWhile(ctx, func(ctx context.Context) error {
			return app.Serve(ctx, func(addr string) {
				fmt.Fprintf(cmd.OutOrStdout(), "%s listens on http://%s\n", p.Name, addr)
			})
		})
	})
}

// preparation says in a help text what prepare does.
const preparation = "In development the database is migrated first. In production pending migrations are refused."

// prepare makes the database fit the program, in production only by looking.
func (a *App) prepare(ctx context.Context) error {
	if !a.Production {
		return a.Log.Migrate(ctx)
	}
	return a.migrated(ctx)
}

// migrated fails where migrations are pending.
func (a *App) migrated(ctx context.Context) error {
	pending, err := a.Log.Pending(ctx)
	if err != nil || pending == 0 {
		return err
	}
	return pendingError(pending)
}
