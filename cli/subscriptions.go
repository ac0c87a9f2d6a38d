package cli

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// subscriptions is the command of this name with its own subcommands.
func (p Program) subscriptions() *cobra.Command {
	k := kept{p, subscription}
	return k.group("Look after the subscriptions",
		"Look after the subscriptions: what is told of committed events. One whose handler keeps failing stops\n"+
			"where it is, or puts the batch aside, as it declares; it can be tried again here, or skipped.",
		k.list(), k.status(), k.pause(), k.resume(), k.retry(), k.skip())
}

// told is a delivery as list --json has it.
type told struct {
	ireneo.Delivery
	Behind int64 `json:"behind"`
}

func (k kept) list() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list", Short: "Say how far each " + k.kind + " is, and why where it does not go on", Args: noArgs,
		Example: examples(k.kind+"s list", k.kind+"s list --json"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return k.with(cmd.Context(), func(app *App) error {
				all, err := k.all(cmd.Context(), app.Log)
				if err != nil {
					return err
				}
				if asJSON {
					list := []told{}
					for _, d := range all {
						list = append(list, told{d, behind(d)})
					}
					return showJSON(cmd.OutOrStdout(), list)
				}
				return errors.Join(k.table(cmd.OutOrStdout(), all), warnHeld(cmd.Context(), cmd.OutOrStdout(), app.Log))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "answer in JSON")
	return cmd
}

const reasonLength = 60

func (k kept) table(out io.Writer, all []ireneo.Delivery) error {
	if len(all) == 0 {
		_, err := fmt.Fprintf(out, "The application declares no %s.\n", k.kind)
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "NAME\tSTATE\tPOSITION\tBEHIND\tPARKED\tWHY")
	ill := ""
	for _, d := range all {
		state, why := condition(d)
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%s\n", d.Name, state, d.Position, behind(d), d.Parked, short(oneLine(why), reasonLength))
		if ill == "" && (why != "" || d.Parked > 0) {
			ill = d.Name
		}
	}
	if err := table.Flush(); err != nil || ill == "" {
		return err
	}
	_, err := fmt.Fprintf(out, "\nWhat to do, for instance: %s\n", k.command("status", ill))
	return err
}

func (k kept) status() *cobra.Command {
	return k.named("status", "Say all about one "+k.kind+", and what to do where it does not go on", "",
		func(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery) error {
			letters, err := log.DeadLetters(cmd.Context(), d.Name)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			return errors.Join(describe(out, d), listLetters(out, letters), listRemedies(out, k.remedies(d)), warnHeld(cmd.Context(), out, log))
		})
}

func describe(out io.Writer, d ireneo.Delivery) error {
	state, why := condition(d)
	if d.Attempts > 0 {
		state += fmt.Sprintf(", which was tried %s", times(d.Attempts))
	}
	fmt.Fprintf(out, "%s, a %s\n", d.Name, d.Kind)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "  state\t%s\n", state)
	if why != "" {
		fmt.Fprintf(table, "  why\t%s\n", oneLine(why))
	}
	fmt.Fprintf(table, "  position\t%d of %d, %d behind\n", d.Position, d.Head, behind(d))
	fmt.Fprintf(table, "  changed\t%s\n", at(d.ChangedAt))
	if d.Parked > 0 {
		fmt.Fprintf(table, "  put aside\t%s\n", batches(d.Parked))
	}
	return table.Flush()
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return strconv.Itoa(n) + " times"
}

func batches(n int) string {
	if n == 1 {
		return "1 batch"
	}
	return strconv.Itoa(n) + " batches"
}

func listLetters(out io.Writer, letters []ireneo.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	fmt.Fprintln(out, "\nWhat was put aside or skipped:")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "  POSITION\tSTREAMS\tSINCE\tSTATE\tWHY")
	for _, l := range letters {
		state := "tried " + times(l.Attempts)
		switch {
		case l.Skipped:
			state = "skipped"
		case l.Attempts == 0:
			state = "is tried again"
		}
		fmt.Fprintf(table, "  %d\t%s\t%s\t%s\t%s\n", l.Position, oneLine(strings.Join(l.Streams, ", ")), at(l.ParkedAt), state, oneLine(l.Error))
	}
	return table.Flush()
}

// remedy is what can be done, and the command that does it.
type remedy struct{ what, command string }

func listRemedies(out io.Writer, remedies []remedy) error {
	if len(remedies) == 0 {
		return nil
	}
	fmt.Fprintln(out, "\nWhat to do:")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range remedies {
		fmt.Fprintf(table, "  %s\t%s\n", r.what, r.command)
	}
	return table.Flush()
}

func (k kept) remedies(d ireneo.Delivery) (list []remedy) {
	if d.FailedAt > 0 {
		list = append(list, remedy{"see the append", fmt.Sprintf("%s tail --after %d --limit 1 --no-follow --json", invocation(), d.FailedAt-1)})
	}
	switch {
	case !d.Declared && !d.Led: // whatever is changed of it, nobody works on it
		return append(list, remedy{"run the program that declares it; it costs nothing to leave it", ""})
	case d.State != "running":
		list = append(list, remedy{"let it go on", k.command("resume", d.Name)})
	case d.Led: // it goes on
	case d.Changed && k.kind == subscription:
		list = append(list, remedy{"give it a new name, which begins anew, or the filter it had", ""})
	case d.Changed: // its rows are made anew
	default:
		list = append(list, remedy{"start a process that works on it", invocation() + " work"})
	}
	if k.kind == subscription && d.State == "stopped" {
		list = append(list, remedy{"leave the append out", k.command("skip", d.Name, "--reason 'WHY'")})
	}
	if d.Parked > 0 {
		list = append(list, remedy{"try again what was put aside", k.command("retry", d.Name)})
	}
	return list
}

func (k kept) retry() *cobra.Command {
	return k.named("retry", "Try again what failed",
		"A subscription that has stopped goes on where it is, and what it has put aside is handed out once more.",
		func(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery) error {
			parked, err := log.Retry(cmd.Context(), d.Name)
			if err != nil {
				return err
			}
			if parked > 0 {
				fmt.Fprintf(cmd.OutOrStdout(), "%s tries %s again that it had put aside.\n", d.Name, batches(parked))
			}
			switch {
			case d.State == "stopped":
				if err := log.Resume(cmd.Context(), d.Name); err != nil {
					return err
				}
				return say(cmd, "%s", resumed(d))
			case d.State == "paused":
				return say(cmd, "%s is paused. It goes on with: %s", d.Name, k.command("resume", d.Name))
			case parked == 0:
				return say(cmd, "Nothing has failed in %s, so there is nothing to try again.", d.Name)
			}
			return nil
		})
}

func (k kept) skip() *cobra.Command {
	var reason string
	cmd := k.named("skip", "Leave out the append that a subscription has stopped at",
		"The subscription never sees it again. The append and the reason stay on record; see status.",
		func(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery) error {
			if reason == "" {
				return usageError{errors.New("say why with --reason: it stays on record")}
			}
			return k.skipAppend(cmd, log, d, reason)
		})
	cmd.Flags().StringVar(&reason, "reason", "", "why (required)")
	cmd.Example = examples("subscriptions skip NAME --reason 'the customer is gone'")
	return cmd
}

func (k kept) skipAppend(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery, reason string) error {
	ctx := cmd.Context()
	err := log.Skip(ctx, d.Name, d.FailedAt, reason)
	if errors.Is(err, ireneo.ErrNothingFailed) {
		state, _ := condition(d)
		return fmt.Errorf("%s is %s: %w, so there is no append to skip", d.Name, state, err)
	}
	if err != nil {
		return err
	}
	letters, err := log.DeadLetters(ctx, d.Name)
	if err != nil {
		return err
	}
	for _, l := range letters {
		if l.Position == d.FailedAt {
			fmt.Fprintf(cmd.OutOrStdout(), "%s leaves out the append at position %d, of %s, and goes on after it.\n",
				d.Name, l.Position, oneLine(strings.Join(l.Streams, ", ")))
		}
	}
	return say(cmd, "It stays on record: %s", k.command("status", d.Name))
}
