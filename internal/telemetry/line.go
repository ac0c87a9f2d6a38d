package telemetry

import (
	"context"
	"log/slog"

	"github.com/ireneo-dev/ireneo/store"
)

// Line writes the one line of an execution: at the level debug where all went well, info
// where the command was rejected, warn where it was given up, error where it failed. It
// names no actor, who is on record, and no reason but that of a fault.
func Line(ctx context.Context, logger *slog.Logger, e store.Execution, err error) {
	level := levelOf(e.Outcome)
	if !logger.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("command", e.Command), slog.String("id", e.ID), slog.String("status", e.Outcome),
		slog.Int("attempts", e.Attempts), slog.Int("events", e.Events), slog.Int64("position", e.Position),
		slog.Duration("took", e.Took), slog.String("correlation_id", e.Correlation),
	}
	if err != nil && level >= slog.LevelWarn {
		attributes = append(attributes, slog.Any("error", err))
	}
	logger.LogAttrs(ctx, level, "command", attributes...)
}

func levelOf(outcome string) slog.Level {
	switch outcome {
	case store.Rejected:
		return slog.LevelInfo
	case store.Conflicted:
		return slog.LevelWarn
	case store.Failed:
		return slog.LevelError
	default:
		return slog.LevelDebug
	}
}
