package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
)

// stopWithin is how long a program that is asked to stop may take: supervisors kill it
// after ten seconds.
const stopWithin = 9500 * time.Millisecond

// errStillWorking says that a handler did not end in time.
var errStillWorking = errors.New("a subscription's handler was still running when the program had to stop; what it was doing is done again")

func (p Program) work() *cobra.Command {
	return &cobra.Command{
		Use: "work", Short: "Run subscriptions and projections without answering HTTP", Args: noArgs,
		Long: "Run subscriptions, and projections kept up after the commit, until asked to stop, and answer no HTTP.\n" +
			"serve runs them, too; of all processes one leads each of them, and the others stand by.\n\n" + preparation,
		Example: examples("work"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx := cmd.Context()
			return p.with(ctx, func(app *App) error {
				if err := app.prepare(ctx); err != nil {
					return err
				}
				names, err := declared(ctx, app.Log)
				if err != nil {
					return err
				}
				fmt.Fprintf(cmd.OutOrStdout(), "working on: %s; stop with Ctrl-C\n", strings.Join(names, ", "))
				return app.workWhile(ctx, func(ctx context.Context) error {
					<-ctx.Done()
					return nil
				})
			})
		},
	}
}

// declared are the names of what there is to work on.
func declared(ctx context.Context, log *ireneo.Log) (names []string, err error) {
	all, err := log.Deliveries(ctx)
	for _, d := range all {
		if d.Declared {
			names = append(names, d.Name)
		}
	}
	if err == nil && len(names) == 0 {
		err = errors.New("there is nothing to work on: the application declares no subscription, and no projection that is kept up after the commit")
	}
	return names, err
}

// workWhile runs the log's subscriptions for as long as do takes, which ends with ctx.
// They go on while do ends, since it may wait for them.
func (a *App) workWhile(ctx context.Context, do func(context.Context) error) error {
	working, halt := context.WithCancel(context.WithoutCancel(ctx))
	defer halt()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		a.Log.Run(working)
	}()

	ctx, stop := context.WithCancel(ctx)
	defer stop()
	late := make(chan struct{})
	context.AfterFunc(ctx, func() { time.AfterFunc(stopWithin, func() { close(late) }) })
	err := do(ctx)
	stop()
	halt()
	select {
	case <-ended:
		return err
	case <-late:
		return errors.Join(err, errStillWorking)
	}
}
