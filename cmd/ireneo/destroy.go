package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators"
)

func destroy() *cobra.Command {
	a := &asked{}
	cmd := &cobra.Command{
		Use: "destroy KIND NAME", Short: "Undo what was generated",
		Long: "Undo what was generated: remove the files that are still as they were written. Files edited since\n" +
			"are kept. KIND is event, stream, projection, command, migration or scaffold.",
		Example: "  ireneo destroy event debt/issued\n  ireneo destroy projection debt_summaries",
		Args:    atLeast(false, "the kind, such as event,", "the name, such as debt/issued,"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.answer(cmd, func(app *generators.App) (*generators.Result, error) {
				name, err := nameOf(args[0], args[1], app.Streams())
				if err != nil {
					return nil, usageError{err}
				}
				if hasBinary(app) == nil {
					app.Recorded = recordedIn(app)
				}
				return app.Destroy(cmd.Context(), args[0], name, a.Options)
			})
		},
	}
	a.flags(cmd)
	cmd.Flags().BoolVar(&a.Force, "force", false, "remove files edited since, too")
	return cmd
}

// recordedIn asks the application's binary what its log has.
func recordedIn(app *generators.App) func(ctx context.Context, kind, name string) (int64, error) {
	return func(ctx context.Context, kind, name string) (count int64, err error) {
		binary, err := buildApplication(ctx, app)
		if err != nil {
			return 0, err
		}
		command := exec.CommandContext(ctx, binary, "types", "--json")
		command.Dir, command.Args[0] = app.Dir, "ireneo" // so that remedies name it
		out, err := command.Output()
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return 0, errors.New(strings.TrimSpace(string(exit.Stderr)))
		}
		var types []ireneo.EventCount
		if err := errors.Join(err, json.Unmarshal(out, &types)); err != nil {
			return 0, err
		}
		for _, t := range types {
			if kind == "event" && t.Type == name || kind == "stream" && t.Stream == name {
				count += t.Events
			}
		}
		return count, nil
	}
}

// nameOf is the name under which something was generated.
func nameOf(kind, text string, streams []string) (string, error) {
	switch kind {
	case "event":
		name, err := generators.ParseEvent(text, true, streams...)
		return name.Stored(), err
	case "stream", "scaffold":
		name, err := generators.ParseStream(text, true)
		return name.Snake, err
	case "projection":
		name, err := generators.ParseProjection(text, true)
		return name.Snake, err
	case "command":
		name, err := generators.ParseCommand(text, true, streams...)
		return name.Stored(), err
	case "migration":
		name, err := generators.ParseMigration(text)
		return name.Snake, err
	default:
		return "", fmt.Errorf("nothing of the kind %q is generated; there are event, stream, projection, command, migration and scaffold", kind)
	}
}

func syncRegistries() *cobra.Command {
	a := &asked{}
	cmd := &cobra.Command{
		Use: "sync", Short: "Rebuild the lists of events and streams",
		Long: "Rebuild app/events/events_gen.go and app/event_streams/streams_gen.go from what is there, whoever\n" +
			"wrote it. The generators do so by themselves. A merge conflict in one of them is resolved by it.",
		Example: "  ireneo sync", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.answer(cmd, func(app *generators.App) (*generators.Result, error) {
				return app.Sync(cmd.Context(), a.Options)
			})
		},
	}
	a.flags(cmd)
	return cmd
}
