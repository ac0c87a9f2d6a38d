package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// rebuilding is one call of projections rebuild.
type rebuilding struct {
	kept
	undo, cancel, asJSON bool
}

func (k kept) rebuild() *cobra.Command {
	r := &rebuilding{kept: k}
	cmd := &cobra.Command{
		Use: "rebuild NAME", Short: "Make a projection's rows anew from the log", Args: k.oneName,
		Long: "Make a projection's rows anew from the log, beside those in use, and put them in their place when they\n" +
			"have caught up. Everything else goes on meanwhile. Interrupted with Ctrl-C, it goes on where it was when\n" +
			"it is called again. The rows that were replaced are kept until the next rebuild, for --undo.",
		Example: examples("projections rebuild NAME", "projections rebuild NAME --cancel", "projections rebuild NAME --undo"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if r.undo && r.cancel {
				return usageError{errors.New("--undo and --cancel exclude each other")}
			}
			return k.with(cmd.Context(), func(app *App) error {
				found, err := k.rowsOf(cmd.Context(), app.Log, args[0])
				if err != nil {
					return err
				}
				return r.run(cmd, app.Log, found.Name)
			})
		},
	}
	cmd.Flags().BoolVar(&r.undo, "undo", false, "put the rows back that the last rebuild replaced, brought up to date")
	cmd.Flags().BoolVar(&r.cancel, "cancel", false, "give up the rebuild that is going on or was interrupted")
	cmd.Flags().BoolVar(&r.asJSON, "json", false, "print how far it is as lines of JSON")
	return cmd
}

func (r *rebuilding) run(cmd *cobra.Command, log *ireneo.Log, name string) error {
	ctx := cmd.Context()
	if r.cancel {
		if err := log.CancelRebuild(ctx, name); err != nil {
			return err
		}
		return say(cmd, "The rebuild of %s is given up. The rows in use are as they were.", name)
	}

	rebuild := log.Rebuild
	if r.undo {
		rebuild = log.UndoRebuild
	}
	p := &progress{out: cmd.OutOrStdout(), screen: terminalOf(cmd.OutOrStdout())}
	report := p.show
	if r.asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		report = func(now ireneo.Rebuild) { _ = enc.Encode(now) } // where nobody reads it, the rebuild goes on
	}
	err := rebuild(ctx, name, report)
	p.end()
	if err != nil {
		return r.explain(ctx, name, err)
	}
	if r.asJSON {
		return nil
	}
	back := r.command("rebuild", name, "--undo")
	if r.undo {
		return say(cmd, "%s has the rows again that the last rebuild replaced, brought up to date. To change back: %s", name, back)
	}
	return say(cmd, "%s is rebuilt from %s. The rows before are kept; back to them: %s", name, plural(int(p.last.Events), "event"), back)
}

// explain says what can be done about a rebuild that has not come to its end.
func (r *rebuilding) explain(ctx context.Context, name string, err error) error {
	again := r.command("rebuild", name)
	if r.undo {
		again += " --undo"
	}
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("the rebuild of %s is interrupted; what was done is kept, and the rows in use are as they were\n"+
			"to go on:      %s\nto give it up: %s", name, again, r.command("rebuild", name, "--cancel"))
	case errors.Is(err, ireneo.ErrRebuilding):
		return fmt.Errorf("%w\nto give that up: %s", err, r.command("rebuild", name, "--cancel"))
	default:
		return err
	}
}
