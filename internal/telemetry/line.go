package telemetry

import (
	"context"
	"log/slog"

	"github.com/ireneo-dev/ireneo/store"
)

// Line writes the one line of an execution: at the level debug where all went well, info
// where the command was rejected, warn where it was given up or failed. It names no actor
// and no reason: both are on record under the id, and whoever called gets the error.
func Line(ctx context.Context, logger *slog.Logger, e store.Execution) {
	level := levelOf(e.Outcome)
	if !logger.Enabled(ctx, level) {
		return
	}
	logger.LogAttrs(ctx, level, "command",
		slog.String("command", e.Command), slog.String("id", e.ID), slog.String("status", e.Outcome),
		slog.Int("attempts", e.Attempts), slog.Int("events", e.Events), slog.Int64("position", e.Position),
		slog.Duration("took", e.Took), slog.String("correlation_id", e.Correlation),
	)
}

func levelOf(outcome string) slog.Level {
	switch outcome {
	case store.Rejected:
		return slog.LevelInfo
	case store.Conflicted, store.Failed:
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}
