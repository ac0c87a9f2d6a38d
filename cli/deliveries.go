package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// The kinds of deliveries, as ireneo.Delivery and the commands have them.
const (
	subscription = "subscription"
	projection   = "projection"
)

// kept are the deliveries of one kind, and the commands that look after them.
type kept struct {
	Program
	kind string
}

// group is the command that has the others below it.
func (k kept) group(short, long string, of ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{
		Use: k.kind + "s", Short: short, Long: long, Args: noArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		Example: examples(k.kind+"s list", k.kind+"s status NAME"), SuggestionsMinimumDistance: 2,
	}
	group.AddCommand(of...)
	return group
}

// named is a command that does something with the delivery of a name.
func (k kept) named(use, short, long string, do func(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery) error) *cobra.Command {
	return &cobra.Command{
		Use: use + " NAME", Short: short, Long: strings.TrimSpace(short + ".\n" + long), Args: k.oneName, Example: examples(k.kind + "s " + use + " NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return k.with(cmd.Context(), func(app *App) error {
				d, err := k.find(cmd.Context(), app.Log, args[0])
				if err != nil {
					return err
				}
				return do(cmd, app.Log, d)
			})
		},
	}
}

func (k kept) oneName(_ *cobra.Command, args []string) error {
	switch len(args) {
	case 0:
		return usageError{fmt.Errorf("which %s? The names are listed by: %s", k.kind, k.command("list"))}
	case 1:
		return nil
	default:
		return usageError{fmt.Errorf("there is one argument too many: %q", args[1])}
	}
}

// command is the command line of one of the commands.
func (k kept) command(args ...string) string {
	return strings.Join(append([]string{invocation(), k.kind + "s"}, args...), " ")
}

// all are the deliveries of the kind.
func (k kept) all(ctx context.Context, log *ireneo.Log) ([]ireneo.Delivery, error) {
	all, err := log.Deliveries(ctx)
	return slices.DeleteFunc(all, func(d ireneo.Delivery) bool { return d.Kind != k.kind }), err
}

// find is the delivery of a name. Where there is none it guesses which was meant.
func (k kept) find(ctx context.Context, log *ireneo.Log, name string) (ireneo.Delivery, error) {
	all, err := log.Deliveries(ctx)
	if err != nil {
		return ireneo.Delivery{}, err
	}
	var names []string
	for _, d := range all {
		switch {
		case d.Name == name && d.Kind == k.kind:
			return d, nil
		case d.Name == name:
			other := kept{k.Program, d.Kind}
			return d, fmt.Errorf("%s is a %s; see: %s", name, d.Kind, other.command("status", name))
		case d.Kind == k.kind:
			names = append(names, d.Name)
		}
	}
	if k.kind == projection {
		for _, info := range log.Projections() {
			if info.Name == name {
				return ireneo.Delivery{}, fmt.Errorf("%s is written with each append: it neither falls behind nor stops", name)
			}
			names = append(names, info.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return ireneo.Delivery{}, guess(fmt.Errorf("there is no %s %q", k.kind, name), name, names)
}

// guess adds to an error which name may have been meant, and which there are.
func guess(err error, name string, names []string) error {
	if near := near(name, names); near != "" {
		err = fmt.Errorf("%w, did you mean %q?", err, near)
	}
	if len(names) > 0 {
		err = fmt.Errorf("%w\nthere are: %s", err, strings.Join(names, ", "))
	}
	return err
}

// near is the name that looks most like another one, as cobra sees it; empty: none does.
func near(name string, names []string) string {
	those := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, n := range names {
		those.AddCommand(&cobra.Command{Use: n, Run: func(*cobra.Command, []string) {}})
	}
	if found := those.SuggestionsFor(name); len(found) > 0 {
		return found[0]
	}
	return ""
}

// behind is how far a delivery is from the end of the log.
func behind(d ireneo.Delivery) int64 { return max(0, d.Head-d.Position) }

// condition says how a delivery is, and why.
func condition(d ireneo.Delivery) (state, why string) {
	switch {
	case d.State == "stopped" && d.FailedAt > 0:
		return fmt.Sprintf("stopped at %d", d.FailedAt), d.Reason
	case d.State != "running":
		return d.State, d.Reason
	case d.Led:
		return "running", ""
	case !d.Declared:
		return "abandoned", "this program does not declare it"
	case d.Changed:
		return "refused", "its filter is not the one it began with"
	default:
		return "waiting", "no process works on it"
	}
}

func (k kept) pause() *cobra.Command {
	var reason string
	cmd := k.named("pause", "Keep a "+k.kind+" from going on", "It stays so, in all processes and after restarts, until it is resumed.",
		func(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery) error {
			if d.State != "running" {
				return say(cmd, "%s does not run: it is %s already.", d.Name, d.State)
			}
			if err := log.Pause(cmd.Context(), d.Name, reason); err != nil {
				return err
			}
			return say(cmd, "%s is paused after position %d. It goes on with: %s", d.Name, d.Position, k.command("resume", d.Name))
		})
	cmd.Flags().StringVar(&reason, "reason", "", "why, for whoever finds it paused")
	cmd.Example = examples(k.kind + "s pause NAME --reason 'the mail server is moved'")
	return cmd
}

func (k kept) resume() *cobra.Command {
	return k.named("resume", "Let a "+k.kind+" that is paused or has stopped go on", "What stopped it is tried again.",
		func(cmd *cobra.Command, log *ireneo.Log, d ireneo.Delivery) error {
			if d.State == "running" {
				return say(cmd, "%s is neither paused nor stopped.", d.Name)
			}
			if err := log.Resume(cmd.Context(), d.Name); err != nil {
				return err
			}
			return say(cmd, "%s", resumed(d))
		})
}

// resumed says what a delivery does that was let go on.
func resumed(d ireneo.Delivery) string {
	if d.FailedAt > 0 {
		return fmt.Sprintf("%s goes on: it tries position %d again.", d.Name, d.FailedAt)
	}
	return fmt.Sprintf("%s goes on after position %d.", d.Name, d.Position)
}

// say prints a line.
func say(cmd *cobra.Command, format string, args ...any) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), format+"\n", args...)
	return err
}

// oneLine is a text of others as it may stand in a line: nothing in it moves the cursor or
// changes colours, or the direction of what follows.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return unicode.ReplacementChar
		default:
			return r
		}
	}, text)
}

// short is a text cut to a number of characters.
func short(text string, length int) string {
	runes := []rune(text)
	switch {
	case len(runes) <= length:
		return text
	case length < 1:
		return ""
	default:
		return string(runes[:length-1]) + "…"
	}
}

func at(t time.Time) string { return t.UTC().Format(time.DateTime + " UTC") }
