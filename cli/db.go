package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// database is the command db with its own subcommands.
func (p Program) database() *cobra.Command {
	db := &cobra.Command{
		Use: "db", Short: "Look after the database",
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: examples("db status", "db migrate"),
	}
	db.AddCommand(
		&cobra.Command{
			Use: "migrate", Short: "Bring the tables up to date", Args: noArgs,
			RunE: p.migrate, Example: examples("db migrate"),
		},
		&cobra.Command{
			Use: "status", Short: "Say whether migrations are pending", Args: noArgs,
			Long: "Say whether migrations are pending. The exit code is 1 where some are.",
			RunE: p.status, Example: examples("db status"),
		},
		&cobra.Command{
			Use: "seed", Short: "Add sample data", Args: noArgs,
			Long: "Add sample data. What is there already is not added again.",
			RunE: p.seed, Example: examples("db seed"),
		},
	)
	return db
}

func (p Program) migrate(cmd *cobra.Command, _ []string) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	return p.with(ctx, func(app *App) error {
		pending, err := app.Log.Pending(ctx)
		if err != nil {
			return err
		}
		if err := app.Log.Migrate(ctx); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, applied(pending))
		return err
	})
}

func applied(n int) string {
	if n == 0 {
		return "The database is up to date."
	}
	return fmt.Sprintf("Applied %s.", plural(n, "migration"))
}

func (p Program) status(cmd *cobra.Command, _ []string) error {
	return p.with(cmd.Context(), func(app *App) error {
		if err := app.migrated(cmd.Context()); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), "The database is up to date.")
		return err
	})
}

func (p Program) seed(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	return p.with(ctx, func(app *App) error {
		if app.Seed == nil {
			return errors.New("the application has no sample data")
		}
		if err := app.prepare(ctx); err != nil {
			return err
		}
		added, err := app.Seed(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "Added %s.\n", plural(added, "event"))
		return err
	})
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
