package cli

import (
	"errors"
	"fmt"
	"io"
	"os/user"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// streams is the command of this name, which prints the catalogue, with its subcommand.
func (p Program) streams() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "streams", Short: "Print the catalogue of streams, and remove what need not be kept", Args: noArgs,
		Long: "Print the catalogue of streams: of each type what one such stream is, what ids look like, how it begins\n" +
			"and ends, how long it is kept, and who watches it. Types that the log has, but this program does not\n" +
			"declare, are listed as well.",
		Example:                    examples("streams", "streams --json", "streams retain"),
		SuggestionsMinimumDistance: 2,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(app *App) error {
				types, err := app.Log.StreamTypes(cmd.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return showJSON(cmd.OutOrStdout(), types)
				}
				return showCatalogue(cmd.OutOrStdout(), types)
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	cmd.AddCommand(p.retain())
	return cmd
}

func showCatalogue(out io.Writer, types []ireneo.StreamInfo) error {
	for i, info := range types {
		if i > 0 {
			fmt.Fprintln(out)
		}
		if !info.Declared {
			fmt.Fprintf(out, "%s\n  The log has such streams, but this program does not declare them.\n", info.Type)
			continue
		}
		fmt.Fprintf(out, "%s: %s\n", info.Type, oneLine(info.Purpose))
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, line := range catalogued(info) {
			fmt.Fprintf(table, "  %s\t%s\n", line[0], oneLine(line[1]))
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// catalogued are the lines of a declared type.
func catalogued(info ireneo.StreamInfo) [][2]string {
	lines := [][2]string{}
	add := func(label, text, otherwise string) {
		if text == "" {
			text = otherwise
		}
		if text != "" {
			lines = append(lines, [2]string{label, text})
		}
	}
	pattern := ""
	if info.Pattern != "" {
		pattern = info.Type + "/" + info.Pattern
	}
	add("ids", pattern, "")
	add("created by", info.CreatedBy, "any event")
	add("closed by", info.ClosedBy, "nothing, it stays open")
	add("kept", info.Retention, "")
	add("related", strings.Join(info.Related, ", "), "")
	add("before the append", info.Consistency, "")
	add("with the append", strings.Join(info.Transactional, ", "), "")
	add("after the commit", strings.Join(info.Async, ", "), "")
	return lines
}

// retaining is one call of streams retain.
type retaining struct {
	Program
	yes, asJSON bool
	despite     []string
}

func (p Program) retain() *cobra.Command {
	r := &retaining{Program: p}
	cmd := &cobra.Command{
		Use: "retain", Short: "Remove closed streams that need not be kept any more", Args: noArgs,
		Long: "Remove closed streams that need not be kept any more, as their types declare: with their events and\n" +
			"rows, for good. Without --yes nothing is removed, and it says what would be. Streams that a subscription,\n" +
			"a projection or a rebuild still needs stay, and it says whose. Interrupted with Ctrl-C, what was removed\n" +
			"is removed, and the same command goes on.",
		Example: examples("streams retain", "streams retain --yes", "streams retain --yes --despite NAME"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(app *App) error { return r.run(cmd, app.Log) })
		},
	}
	cmd.Flags().BoolVar(&r.yes, "yes", false, "remove them")
	cmd.Flags().StringSliceVar(&r.despite, "despite", nil, "a projection over many streams, whose rows stay as they are, or a subscription that no\n"+
		"program declares any more, by `name`: it holds nothing back")
	cmd.Flags().BoolVar(&r.asJSON, "json", false, "answer in JSON")
	return cmd
}

func (r *retaining) run(cmd *cobra.Command, log *ireneo.Log) error {
	ctx := cmd.Context()
	if who, err := user.Current(); err == nil {
		ctx = ireneo.WithMeta(ctx, map[string]string{ireneo.ActorKey: who.Username})
	}
	options := ireneo.RetainOptions{Remove: r.yes, Despite: r.despite}
	if !r.asJSON {
		options.Report = sometimes(cmd.OutOrStdout())
	}
	all, err := log.Retain(ctx, options)
	if r.asJSON {
		return errors.Join(showJSON(cmd.OutOrStdout(), all), err)
	}
	removable := int64(0)
	for _, done := range all {
		removable += done.Streams
		showRetained(cmd.OutOrStdout(), done)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		return fmt.Errorf("interrupted; what was removed is removed\nto go on: %s streams retain --yes", invocation())
	case err != nil:
		return err
	case len(all) == 0:
		return say(cmd, "Every stream is kept forever: no type declares a Retention.")
	case removable > 0 && !r.yes:
		return say(cmd, "\nNothing was removed. To remove them for good: %s streams retain --yes", invocation())
	}
	return nil
}

// sometimes says now and then how far it is.
func sometimes(out io.Writer) func(ireneo.Retained) {
	last := time.Now()
	return func(r ireneo.Retained) {
		if time.Since(last) < quiet {
			return
		}
		last = time.Now()
		fmt.Fprintf(out, "%s: %s so far\n", r.Stream, retained(r))
	}
}

func showRetained(out io.Writer, r ireneo.Retained) {
	fmt.Fprintf(out, "%s, kept %s: %s\n", r.Stream, r.Retention, retained(r))
	for _, h := range r.Held {
		stays := "stays"
		if h.Streams > 1 {
			stays = "stay"
		}
		fmt.Fprintf(out, "  %s %s: %s %s\n", plural(int(h.Streams), "stream"), stays, h.By, h.Why)
	}
}

// retained says what was removed, or would be.
func retained(r ireneo.Retained) string {
	verb := "would be removed"
	if r.Removed {
		verb = "removed"
	}
	return fmt.Sprintf("%s with %s %s", plural(int(r.Streams), "stream"), plural(int(r.Events), "event"), verb)
}
