package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// projections is the command of this name with its own subcommands.
func (p Program) projections() *cobra.Command {
	k := kept{p, projection}
	return k.group("Look after the rows of projections",
		"Look after the rows of projections. Those kept up after the commit are run by serve and work, and stop\n"+
			"at an event they cannot fold; those written with each append are never behind.",
		k.listProjections(), k.projectionStatus(), k.pause(), k.resume(), k.rebuild(), k.verify())
}

// rows is how the rows of a projection are.
type rows struct {
	ireneo.ProjectionInfo
	Declared bool            `json:"declared"`           // by this program
	Delivery *told           `json:"delivery,omitempty"` // of those kept up after the commit
	Rebuild  *ireneo.Rebuild `json:"rebuild,omitempty"`  // the last one
}

// rows are those of all projections, by name: the declared ones, and those that once were.
func (k kept) rows(ctx context.Context, log *ireneo.Log) ([]rows, error) {
	deliveries, err := k.all(ctx, log)
	if err != nil {
		return nil, err
	}
	all := []rows{}
	for _, info := range log.Projections() {
		all = append(all, rows{ProjectionInfo: info, Declared: true})
	}
	for _, d := range deliveries {
		i := slices.IndexFunc(all, func(r rows) bool { return r.Name == d.Name })
		if i < 0 {
			i, all = len(all), append(all, rows{ProjectionInfo: ireneo.ProjectionInfo{Name: d.Name, Streams: []string{}}})
		}
		all[i].Delivery = &told{d, behind(d)}
	}
	rebuilds, err := log.Rebuilds(ctx)
	for i := range rebuilds {
		if at := slices.IndexFunc(all, func(r rows) bool { return r.Name == rebuilds[i].Projection }); at >= 0 {
			all[at].Rebuild = &rebuilds[i]
		}
	}
	slices.SortFunc(all, func(a, b rows) int { return strings.Compare(a.Name, b.Name) })
	return all, err
}

// rebuilt says how the last rebuild goes or went; empty: there was none.
func (r rows) rebuilt() string {
	switch b := r.Rebuild; {
	case b == nil:
		return ""
	case b.Phase == done || b.Phase == "failed" || b.Phase == "canceled":
		return b.Phase
	case b.Running:
		return fmt.Sprintf("%d %%", percent(*b))
	default:
		return "interrupted"
	}
}

// rowsOf are those of one projection. Where there is none it guesses which was meant.
func (k kept) rowsOf(ctx context.Context, log *ireneo.Log, name string) (rows, error) {
	all, err := k.rows(ctx, log)
	if err != nil {
		return rows{}, err
	}
	for _, r := range all {
		if r.Name == name {
			return r, nil
		}
	}
	_, err = k.find(ctx, log, name)
	return rows{}, err
}

func (k kept) listProjections() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "Say how each projection's rows are kept, and how far they are", Args: noArgs,
		Example: examples("projections list", "projections list --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return k.with(cmd.Context(), func(app *App) error {
				all, err := k.rows(cmd.Context(), app.Log)
				if err != nil {
					return err
				}
				if asJSON {
					return showJSON(cmd.OutOrStdout(), all)
				}
				return errors.Join(k.tableOfRows(cmd.OutOrStdout(), all), warnHeld(cmd.Context(), cmd.OutOrStdout(), app.Log))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

// current is the state of rows that are written with each append.
const current = "current"

func (k kept) tableOfRows(out io.Writer, all []rows) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(out, "The application keeps no rows of projections.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tKEPT\tTABLE\tSTATE\tBEHIND\tREBUILD\tWHY")
	ill := ""
	for _, r := range all {
		state, why, missing := current, "", int64(0)
		if r.Delivery != nil {
			state, why = condition(r.Delivery.Delivery)
			missing = r.Delivery.Behind
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", r.Name, r.Kind, r.Table, state, missing, r.rebuilt(), short(oneLine(why), reasonLength))
		if why != "" && ill == "" {
			ill = r.Name
		}
	}
	if err := table.Flush(); err != nil || ill == "" {
		return err
	}
	_, err := fmt.Fprintf(out, "\nWhat to do, for instance: %s\n", k.command("status", ill))
	return err
}

func (k kept) projectionStatus() *cobra.Command {
	cmd := k.named("status", "Say all about one projection, and what to do where it does not go on", "", nil)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return k.with(cmd.Context(), func(app *App) error {
			r, err := k.rowsOf(cmd.Context(), app.Log, args[0])
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			return errors.Join(k.describeRows(out, r), warnHeld(cmd.Context(), out, app.Log))
		})
	}
	return cmd
}

func (k kept) describeRows(out io.Writer, r rows) error {
	if r.Delivery == nil {
		fmt.Fprintf(out, "%s, a projection\n  state     current: its rows are written with each append\n", r.Name)
	} else if err := describe(out, r.Delivery.Delivery); err != nil {
		return err
	}
	if r.Declared {
		fmt.Fprintf(out, "  table     %s, kept %s\n", r.Table, r.Kind)
	}
	if b := r.Rebuild; b != nil {
		fmt.Fprintf(out, "  rebuild   %s, %d of %d events, %s\n", r.rebuilt(), b.Events, b.Total, at(b.ChangedAt))
		if b.Phase == "failed" {
			fmt.Fprintf(out, "            %s\n", oneLine(b.Error))
		}
	}
	return listRemedies(out, k.remediesOfRows(r))
}

// remediesOfRows are those of what keeps the rows, and of their rebuild.
func (k kept) remediesOfRows(r rows) (list []remedy) {
	if r.Delivery != nil {
		list = k.remedies(r.Delivery.Delivery)
		if r.Declared && (r.Delivery.State == "stopped" || r.Delivery.Changed) {
			list = append(list,
				remedy{"compare its rows with the log", k.command("verify", r.Name)},
				remedy{"make its rows anew", k.command("rebuild", r.Name)})
		}
	}
	if r.rebuilt() == "interrupted" {
		list = append(list,
			remedy{"go on with the rebuild", k.command("rebuild", r.Name)},
			remedy{"give the rebuild up", k.command("rebuild", r.Name, "--cancel")})
	}
	return list
}
