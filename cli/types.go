package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

func (p Program) types() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "types", Short: "Count the events in the log by their types", Args: noArgs,
		Example: examples("types", "types --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(app *App) error {
				types, err := app.Log.Types(cmd.Context())
				if errors.Is(err, ireneo.ErrNotMigrated) { // nothing was ever recorded
					fmt.Fprintln(cmd.ErrOrStderr(), "There is no log yet; run: "+invocation()+" db migrate")
					types, err = []ireneo.EventCount{}, nil
				}
				if err != nil {
					return err
				}
				if asJSON {
					return showJSON(cmd.OutOrStdout(), types)
				}
				table := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(table, "STREAM\tEVENT\tCOUNT")
				for _, t := range types {
					fmt.Fprintf(table, "%s\t%s\t%d\n", t.Stream, t.Type, t.Events)
				}
				return table.Flush()
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}
