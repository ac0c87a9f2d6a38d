package telemetry

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/ireneo-dev/ireneo/store"
)

// How a command ends that is worth a line of its own; every other status is a good end.
const (
	Rejected  = "rejected"  // the command said no
	Exhausted = "exhausted" // given up after the last attempt
	Failed    = "failed"
)

// Run is one execution of a command, all its attempts included. It belongs to one goroutine.
type Run struct {
	instruments *Instruments
	name        string
	ctx         context.Context // of the command: what is counted takes its trace from it
	span        trace.Span
}

// Command begins the span of an execution, which is part of the caller's trace where there
// is one.
func (t *Instruments) Command(ctx context.Context, name string) (context.Context, *Run) {
	ctx, span := t.tracer.Start(ctx, "command "+name, trace.WithAttributes(commandKey.String(name)))
	return ctx, &Run{t, name, ctx, span}
}

// Step begins the span of a step of one attempt: read, reconstruct, handle or write. end
// ends it; its error is what went wrong, and nil where the command said no.
func (r *Run) Step(ctx context.Context, step string) (_ context.Context, end func(error)) {
	if !r.span.IsRecording() {
		return ctx, unrecorded
	}
	return r.instruments.span(ctx, step)
}

// Retry counts an attempt that is followed by another one.
func (r *Run) Retry(reason string) {
	if r.span.IsRecording() {
		r.span.AddEvent("retry", trace.WithAttributes(reasonKey.String(reason)))
	}
	if r.instruments.retries.Enabled(r.ctx) {
		r.instruments.retries.Add(r.ctx, 1, metric.WithAttributes(reasonKey.String(reason)))
	}
}

// End counts the execution and ends its span. Only Exhausted and Failed are faults: no
// fault of the program makes it reject a command.
func (r *Run) End(status string, attempts int, err error) {
	if r.span.IsRecording() {
		r.span.SetAttributes(statusKey.String(status), attemptsKey.Int(attempts))
		switch {
		case status != Exhausted && status != Failed:
		case err == nil:
			r.span.SetStatus(codes.Error, "")
		default:
			fail(r.span, err)
		}
	}
	if r.instruments.executed.Enabled(r.ctx) {
		set := attribute.NewSet(commandKey.String(r.name), statusKey.String(status))
		r.instruments.executed.Add(r.ctx, 1, metric.WithAttributeSet(set))
	}
	r.span.End()
}

// Line writes the one line of an execution: at the level debug where all went well, info
// where the command was rejected, warn where it was given up, error where it failed. It
// names no actor and says no reason; both are on record.
func Line(ctx context.Context, logger *slog.Logger, e store.Execution, err error) {
	level := levelOf(e.Outcome)
	if !logger.Enabled(ctx, level) {
		return
	}
	attributes := []slog.Attr{
		slog.String("command", e.Command), slog.String("id", e.ID), slog.String("status", e.Outcome),
		slog.Int("attempts", e.Attempts), slog.Int("events", e.Events), slog.Int64("position", e.Position),
		slog.Duration("took", e.Took.Round(time.Microsecond)), slog.String("correlation_id", e.Correlation),
	}
	if err != nil && level >= slog.LevelWarn {
		attributes = append(attributes, slog.Any("error", err))
	}
	logger.LogAttrs(ctx, level, "command", attributes...)
}

func levelOf(status string) slog.Level {
	switch status {
	case Rejected:
		return slog.LevelInfo
	case Exhausted:
		return slog.LevelWarn
	case Failed:
		return slog.LevelError
	default:
		return slog.LevelDebug
	}
}
