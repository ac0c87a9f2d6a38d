package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// database is the command db with its own subcommands.
func (p Program) database() *cobra.Command {
	db := &cobra.Command{
		Use: "db", Short: "Look after the database",
		Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: examples("db status", "db migrate"), SuggestionsMinimumDistance: 2,
	}
	db.AddCommand(
		&cobra.Command{
			Use: "migrate", Short: "Bring the tables up to date", Args: noArgs,
			RunE: p.migrate, Example: examples("db migrate"),
		},
		&cobra.Command{
			Use: "status", Short: "List the migrations, and whether they are applied", Args: noArgs,
			Long: "List the migrations, and whether they are applied. The exit code is 1 where some are pending.",
			RunE: p.status, Example: examples("db status"),
		},
		&cobra.Command{
			Use: "rollback", Short: "Undo the application's last migration", Args: noArgs,
			Long: "Undo the application's last migration. What is in a table that it drops is gone; read models are\n" +
				"written anew by later events only. " + keepsLog,
			RunE: p.rollback, Example: examples("db rollback"),
		},
		&cobra.Command{
			Use: "redo", Short: "Undo the application's last migration and apply it again", Args: noArgs,
			Long: "Undo the application's last migration and apply it again, as when its text has changed. What is in\n" +
				"a table that it drops is gone. " + keepsLog,
			RunE: p.redo, Example: examples("db redo"),
		},
		&cobra.Command{
			Use: "seed", Short: "Add sample data", Args: noArgs,
			Long: "Add sample data. What is there already is not added again.",
			RunE: p.seed, Example: examples("db seed"),
		},
		&cobra.Command{
			Use: "create", Short: "Make the database of DATABASE_URL", Args: noArgs,
			Long: "Make the database of DATABASE_URL, empty. One that is there already is left alone. On PostgreSQL the\n" +
				"user needs the right to create databases, and the server's database postgres is connected to.",
			RunE: p.create, Example: examples("db create", "db migrate"),
		},
		p.drop(),
	)
	return db
}

// keepsLog says what rolling back spares.
const keepsLog = "The framework's own migrations are never undone: they hold the log."

func (p Program) migrate(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	return p.with(ctx, func(app *App) error { return app.migrate(ctx, cmd.OutOrStdout()) })
}

func (a *App) migrate(ctx context.Context, out io.Writer) error {
	pending, err := a.Log.Pending(ctx)
	if err != nil {
		return err
	}
	if err := a.Log.Migrate(ctx); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, applied(pending))
	return err
}

func applied(n int) string {
	if n == 0 {
		return "The database is up to date."
	}
	return fmt.Sprintf("Applied %s.", plural(n, "migration"))
}

func (p Program) status(cmd *cobra.Command, _ []string) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	return p.with(ctx, func(app *App) error {
		all, err := app.Log.Migrations(ctx)
		if err != nil {
			return err
		}
		if err := listMigrations(out, all); err != nil {
			return err
		}
		if err := app.migrated(ctx); err != nil {
			return err
		}
		_, err = fmt.Fprintln(out, "The database is up to date.")
		return err
	})
}

func listMigrations(out io.Writer, all []ireneo.Migration) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range all {
		state, at, whose := "pending", "", "application"
		if !m.AppliedAt.IsZero() {
			state, at = "applied", m.AppliedAt.UTC().Format(time.DateTime+" UTC")
		}
		if m.Framework {
			whose = "framework"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", state, at, whose, m.Name)
	}
	return table.Flush()
}

func (p Program) rollback(cmd *cobra.Command, _ []string) error {
	ctx := cmd.Context()
	return p.with(ctx, func(app *App) error {
		name, err := app.Log.Rollback(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(cmd.OutOrStdout(), rolledBack(name))
		return err
	})
}

func rolledBack(name string) string {
	if name == "" {
		return "No migration of the application is applied. " + keepsLog
	}
	return "Rolled back " + name + "."
}

func (p Program) redo(cmd *cobra.Command, _ []string) error {
	ctx, out := cmd.Context(), cmd.OutOrStdout()
	return p.with(ctx, func(app *App) error {
		name, err := app.Log.Rollback(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintln(out, rolledBack(name))
		return app.migrate(ctx, out)
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
