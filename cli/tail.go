package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// tailing is one call of tail.
type tailing struct {
	types, streams []string
	after          int64
	last, limit    int
	onlyNew, once  bool
	asJSON         bool
}

func (p Program) tail() *cobra.Command {
	t := &tailing{}
	cmd := &cobra.Command{
		Use: "tail", Short: "Print the last events, and those that come", Args: noArgs,
		Long: "Print the last events, and then those that come, until Ctrl-C. A line has the position, the time, the\n" +
			"stream, the version, the type and the payload, its sensitive fields masked. The last ones are printed\n" +
			"together with all that was appended with the first of them.",
		Example: examples("tail", "tail --type 'debt.*' --stream debt/42", "tail --after 0 --no-follow --json", "tail --new --limit 1"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			options, err := t.options(cmd)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return p.with(ctx, func(app *App) error {
				err := t.print(ctx, app.Log, options, cmd.OutOrStdout())
				if errors.Is(err, ireneo.ErrInvalidFilter) {
					err = usageError{t.guess(ctx, app.Log, err)}
				}
				return err
			})
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&t.types, "type", nil, "only events of this `type`, or of these, such as 'debt.*'")
	flags.StringSliceVar(&t.streams, "stream", nil, "only of this `stream`, such as debt/42 or 'debt/2026-*', or of a type of streams")
	flags.Int64Var(&t.after, "after", 0, "begin after this `position`; 0 is the beginning")
	flags.IntVar(&t.last, "last", 10, "begin with the last `n` events")
	flags.BoolVar(&t.onlyNew, "new", false, "begin with what comes")
	flags.IntVar(&t.limit, "limit", 0, "end after `n` events; 0 does not")
	flags.BoolVar(&t.once, "no-follow", false, "end with the last event there is")
	flags.BoolVar(&t.asJSON, "json", false, "print each event as a line of JSON")
	return cmd
}

// options are what the flags ask of Follow.
func (t *tailing) options(cmd *cobra.Command) ([]ireneo.FollowOption, error) {
	begin, begins := ireneo.Last(t.last), 0
	for name, option := range map[string]ireneo.FollowOption{
		"after": ireneo.After(t.after), "last": ireneo.Last(t.last), "new": ireneo.OnlyNew(),
	} {
		if cmd.Flags().Changed(name) {
			begin, begins = option, begins+1
		}
	}
	switch {
	case begins > 1:
		return nil, usageError{errors.New("--after, --last and --new each say where to begin: give one of them")}
	case t.after < 0 || t.last < 0 || t.limit < 0:
		return nil, usageError{errors.New("--after, --last and --limit are not negative")}
	}
	return []ireneo.FollowOption{begin, ireneo.Matching(ireneo.Filter{Types: t.types, Streams: t.streams})}, nil
}

// print prints the events until there is nothing more to print, or nobody who reads it.
func (t *tailing) print(ctx context.Context, log *ireneo.Log, options []ireneo.FollowOption, to io.Writer) error {
	out := bufio.NewWriter(to)
	show := t.shower(out, to)
	history, printed := true, 0
	for batch, err := range log.Follow(ctx, options...) {
		if err != nil {
			return errors.Join(out.Flush(), err)
		}
		history = history && len(batch.Events) > 0
		for _, ev := range batch.Events {
			if err := show(ev); err != nil {
				return unlessUnread(err)
			}
			if printed++; printed == t.limit {
				return unlessUnread(out.Flush())
			}
		}
		if history { // more is coming at once
			continue
		}
		if err := out.Flush(); err != nil || t.once {
			return unlessUnread(err)
		}
	}
	return unlessUnread(out.Flush())
}

// unlessUnread is nil where whoever read the output has gone, as head does: that is how
// it ends.
func unlessUnread(err error) error {
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// shower prints one event. The terminal is that of to, if it is one.
func (t *tailing) shower(out, to io.Writer) func(ireneo.AnyEvent) error {
	if t.asJSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		return func(ev ireneo.AnyEvent) error {
			entry, err := ireneo.EntryOf(ev)
			if err != nil {
				return err
			}
			return enc.Encode(entry)
		}
	}
	screen := terminalOf(to)
	return func(ev ireneo.AnyEvent) error {
		entry, err := ireneo.EntryOf(ev)
		if err != nil {
			return err
		}
		data := string(entry.Data)
		if _, unknown := ev.(*ireneo.RawEvent); unknown {
			data = "not known to this program"
		}
		_, err = fmt.Fprintln(out, screen.line(
			part{fmt.Sprintf("%d  %s", entry.Position, entry.RecordedAt.UTC().Format(time.DateTime+"Z")), dim},
			part{fmt.Sprintf("%s v%d", entry.Stream, entry.Version), plain},
			part{entry.Type, strong},
			part{data, plain},
		))
		return err
	}
}

// patience is how long somebody who has mistyped a name waits to be told which there are:
// a large log takes longer to count.
const patience = 2 * time.Second

// guess adds to what the log says of a filter what the log holds.
func (t *tailing) guess(ctx context.Context, log *ireneo.Log, err error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	counts, unknown := log.Types(ctx)
	if unknown != nil {
		return err
	}
	given, names := t.types, []string{}
	for _, c := range counts {
		if name := c.Type; errors.Is(err, ireneo.ErrUnknownEvent) {
			names = append(names, name)
		}
		if name := c.Stream; errors.Is(err, ireneo.ErrUnknownStream) {
			given, names = t.streams, append(names, name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	for _, g := range given {
		g, _, _ = strings.Cut(g, "/")
		if !slices.Contains(names, g) && !strings.HasSuffix(g, "*") {
			return guess(err, g, names)
		}
	}
	return err
}
