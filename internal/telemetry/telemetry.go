// Package telemetry measures what a log does, through the API of OpenTelemetry alone:
// where the application exports nothing, nothing is kept and next to nothing is done.
//
// Rules of the house:
//   - Metrics have the prefix ireneo, units as UCUM writes them, and attributes of few
//     values: types and names that the program declares, never ids.
//   - Spans and metrics never hold payloads, ids of streams, or the text of an error,
//     which may quote both. Of an error they hold the type.
//   - A command begins a trace where there is none. An append and the steps of a command
//     are spans only under one that is recorded, as is usual for calls of a database: a
//     trace of its own would say nothing of an append that its metrics do not.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope is the name that everything measured here is found under.
const scope = "github.com/ireneo-dev/ireneo"

// Attributes.
const (
	commandKey  = attribute.Key("command")
	statusKey   = attribute.Key("status")
	attemptsKey = attribute.Key("attempts")
	streamKey   = attribute.Key("stream")
	eventsKey   = attribute.Key("events")
	reasonKey   = attribute.Key("reason")
	errorKey    = attribute.Key("error.type") // of the semantic conventions
)

// Instruments are what a log is measured with. They are safe for concurrent use.
type Instruments struct {
	tracer trace.Tracer
	meter  metric.Meter

	executed metric.Int64Counter
	retries  metric.Int64Counter
	written  metric.Int64Counter
	appended metric.Float64Histogram
	lags     map[string]metric.Int64ObservableGauge // by kind

	streams map[string]measured // by type; never changed
}

// measured are the attributes of one type of streams, made once, so that an append makes none.
type measured struct {
	add    []metric.AddOption
	record []metric.RecordOption
}

// seconds are the buckets of durations: SQLite takes tenths of a millisecond, a
// PostgreSQL in the next room some.
var seconds = metric.WithExplicitBucketBoundaries(
	0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

// New makes the instruments of a log with streams of these types. A nil provider is the
// global one, also where the application sets that later.
func New(tracers trace.TracerProvider, meters metric.MeterProvider, streams []string) (*Instruments, error) {
	if tracers == nil {
		tracers = otel.GetTracerProvider()
	}
	if meters == nil {
		meters = otel.GetMeterProvider()
	}
	t := &Instruments{tracer: tracers.Tracer(scope), meter: meters.Meter(scope), streams: map[string]measured{}}
	for _, name := range streams {
		set := metric.WithAttributeSet(attribute.NewSet(streamKey.String(name)))
		t.streams[name] = measured{add: []metric.AddOption{set}, record: []metric.RecordOption{set}}
	}
	return t, t.make()
}

// make makes the instruments themselves.
func (t *Instruments) make() error {
	errs := make([]error, 4)
	t.executed, errs[0] = t.meter.Int64Counter("ireneo.commands.executed",
		metric.WithUnit("{command}"), metric.WithDescription("Commands executed, by how they ended."))
	t.retries, errs[1] = t.meter.Int64Counter("ireneo.retries",
		metric.WithUnit("{retry}"), metric.WithDescription("Attempts of commands that were followed by another one."))
	t.written, errs[2] = t.meter.Int64Counter("ireneo.events.written",
		metric.WithUnit("{event}"), metric.WithDescription("Events appended."))
	t.appended, errs[3] = t.meter.Float64Histogram("ireneo.append.duration",
		metric.WithUnit("s"), metric.WithDescription("How long appends took that were committed."), seconds)
	return errors.Join(append(errs, t.makeLags())...)
}

// Append begins the span of an append where there is a trace to be part of.
func (t *Instruments) Append(ctx context.Context, stream string, events int) (_ context.Context, end func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, unrecorded
	}
	return t.span(ctx, "append "+stream, streamKey.String(stream), eventsKey.Int(events))
}

// Appended counts events that were appended to one stream.
func (t *Instruments) Appended(ctx context.Context, stream string, events int, took time.Duration) {
	of := t.streams[stream]
	t.written.Add(ctx, int64(events), of.add...)
	t.appended.Record(ctx, took.Seconds(), of.record...)
}

// unrecorded ends a span that there is none of.
func unrecorded(error) {}

// span begins a span that end ends, with what has gone wrong.
func (t *Instruments) span(ctx context.Context, name string, attributes ...attribute.KeyValue) (_ context.Context, end func(error)) {
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attributes...))
	return ctx, func(err error) {
		if err != nil {
			fail(span, err)
		}
		span.End()
	}
}

// fail marks a span as one that went wrong.
func fail(span trace.Span, err error) {
	span.SetStatus(codes.Error, "")
	span.SetAttributes(errorKey.String(typeOf(err)))
}

// typeOf names the outermost type that says something of an error. Where there is none,
// the semantic conventions want _OTHER.
func typeOf(err error) string {
	switch name := fmt.Sprintf("%T", err); name {
	case "*errors.errorString", "*errors.joinError", "*fmt.wrapError", "*fmt.wrapErrors", "<nil>":
	default:
		return name
	}
	switch wrapping := err.(type) { //nolint:errorlint // each layer is looked at
	case interface{ Unwrap() error }:
		return typeOf(wrapping.Unwrap())
	case interface{ Unwrap() []error }:
		for _, inner := range wrapping.Unwrap() {
			if name := typeOf(inner); name != other {
				return name
			}
		}
	}
	return other
}

const other = "_OTHER"
