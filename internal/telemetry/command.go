package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/ireneo-dev/ireneo/store"
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

// End counts the execution by its outcome and ends its span. A command that was given up or
// failed is an error; one that was rejected did what it is for.
func (r *Run) End(status string, attempts int, err error) {
	if r.span.IsRecording() {
		r.span.SetAttributes(statusKey.String(status), attemptsKey.Int(attempts))
		if err != nil && (status == store.Conflicted || status == store.Failed) {
			fail(r.span, err)
		}
	}
	if r.instruments.executed.Enabled(r.ctx) {
		set := attribute.NewSet(commandKey.String(r.name), statusKey.String(status))
		r.instruments.executed.Add(r.ctx, 1, metric.WithAttributeSet(set))
	}
	r.span.End()
}
