package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	noopmetric "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	nooptrace "go.opentelemetry.io/otel/trace/noop"

	"github.com/ireneo-dev/ireneo/internal/telemetry"
	"github.com/ireneo-dev/ireneo/store"
)

// observed are instruments, and what has come of them.
type observed struct {
	*telemetry.Instruments
	spans   *tracetest.SpanRecorder
	tracers *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
}

func observe(t *testing.T) *observed {
	t.Helper()
	o := &observed{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	o.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(o.spans))
	var err error
	o.Instruments, err = telemetry.New(o.tracers, sdkmetric.NewMeterProvider(sdkmetric.WithReader(o.reader)), []string{"account", "journal"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// ended are the spans that have ended, one a line: parent > name {attributes} status.
func (o *observed) ended() string {
	names := map[trace.SpanID]string{}
	for _, s := range o.spans.Started() {
		names[s.SpanContext().SpanID()] = s.Name() + " > "
	}
	var b strings.Builder
	for _, s := range o.spans.Ended() {
		fmt.Fprintf(&b, "%s%s%s %s%s\n", names[s.Parent().SpanID()], s.Name(), text(s.Attributes()), s.Status().Code, s.Status().Description)
		for _, e := range s.Events() {
			fmt.Fprintf(&b, "  %s%s\n", e.Name, text(e.Attributes))
		}
	}
	return b.String()
}

// measured are the metrics, one a line: name{attributes} unit value.
func (o *observed) measured(t *testing.T) string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := o.reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, scope := range all.ScopeMetrics {
		if got := scope.Scope.Name; got != "github.com/ireneo-dev/ireneo" {
			t.Errorf("metrics are of %s", got)
		}
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				lines = append(lines, points(m, data.DataPoints)...)
			case metricdata.Gauge[int64]:
				lines = append(lines, points(m, data.DataPoints)...)
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintf("%s%s %s %d in %v\n", m.Name, text(p.Attributes.ToSlice()), m.Unit, p.Count, p.Sum))
				}
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func points(m metricdata.Metrics, points []metricdata.DataPoint[int64]) (lines []string) {
	for _, p := range points {
		lines = append(lines, fmt.Sprintf("%s%s %s %d\n", m.Name, text(p.Attributes.ToSlice()), m.Unit, p.Value))
	}
	return lines
}

func text(attributes []attribute.KeyValue) string {
	var parts []string
	for _, a := range attributes {
		parts = append(parts, fmt.Sprintf("%s=%s", a.Key, a.Value.String()))
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

func want(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

var errRefused = errors.New("refused to ada@example.com")

// movedOn is an error with a type of its own, around one with none.
type movedOn struct{ error }

func (e movedOn) Unwrap() error { return e.error }

func TestC18_ACommandIsASpanWithItsSteps(t *testing.T) {
	o := observe(t)
	ctx, run := o.Command(t.Context(), "account.transfer")
	for _, step := range []string{"read", "reconstruct", "handle", "write"} {
		_, end := run.Step(ctx, step)
		if step == "write" {
			end(fmt.Errorf("write account/ada: %w", movedOn{errRefused}))
			break
		}
		end(nil)
	}
	run.Retry("conflict")
	run.End(store.Conflicted, 2, errors.Join(errRefused))
	want(t, o.ended(), `command account.transfer > read{} Unset
command account.transfer > reconstruct{} Unset
command account.transfer > handle{} Unset
command account.transfer > write{error.type=telemetry_test.movedOn} Error
command account.transfer{attempts=2,command=account.transfer,error.type=_OTHER,status=conflicted} Error
  retry{reason=conflict}
`)
}

func TestC18_ARejectedCommandIsNoError(t *testing.T) {
	o := observe(t)
	for _, status := range []string{store.Committed, store.Nothing, store.Rejected} {
		_, run := o.Command(t.Context(), "account.transfer")
		run.End(status, 1, errRefused)
	}
	want(t, o.ended(), `command account.transfer{attempts=1,command=account.transfer,status=committed} Unset
command account.transfer{attempts=1,command=account.transfer,status=nothing} Unset
command account.transfer{attempts=1,command=account.transfer,status=rejected} Unset
`)
}

func TestC18_ACommandIsPartOfItsCallersTrace(t *testing.T) {
	o := observe(t)
	ctx, caller := o.tracers.Tracer("host").Start(t.Context(), "GET /")
	_, run := o.Command(ctx, "a")
	run.End(store.Committed, 1, nil)
	caller.End()
	want(t, o.ended(), "GET / > command a{attempts=1,command=a,status=committed} Unset\nGET /{} Unset\n")
}

func TestC18_MetricsHaveTheirNamesAndAttributes(t *testing.T) {
	o := observe(t)
	for _, status := range []string{store.Committed, store.Rejected, store.Committed} {
		_, run := o.Command(t.Context(), "account.transfer")
		run.Retry("busy")
		run.End(status, 2, nil)
	}
	o.Appended(t.Context(), "account", 2, 500*time.Millisecond)
	o.Appended(t.Context(), "account", 1, 250*time.Millisecond)
	o.Appended(t.Context(), "journal", 1, time.Second)
	want(t, o.measured(t), `ireneo.append.duration{stream=account} s 2 in 0.75
ireneo.append.duration{stream=journal} s 1 in 1
ireneo.commands.executed{command=account.transfer,status=committed} {command} 2
ireneo.commands.executed{command=account.transfer,status=rejected} {command} 1
ireneo.events.written{stream=account} {event} 3
ireneo.events.written{stream=journal} {event} 1
ireneo.retries{reason=busy} {retry} 3
`)
}

func TestInstruments_Append_OnlyWithinATrace(t *testing.T) {
	o := observe(t)
	_, end := o.Append(t.Context(), "account", 1)
	end(nil)
	want(t, o.ended(), "")

	ctx, caller := o.tracers.Tracer("host").Start(t.Context(), "GET /")
	for _, err := range []error{nil, movedOn{errRefused}} {
		_, end = o.Append(ctx, "account", 3)
		end(err)
	}
	caller.End()
	want(t, o.ended(), `GET / > append account{events=3,stream=account} Unset
GET / > append account{error.type=telemetry_test.movedOn,events=3,stream=account} Error
GET /{} Unset
`)
}

func TestInstruments_Watch(t *testing.T) {
	o := observe(t)
	lags := []telemetry.Lag{{Kind: "projection", Name: "payers", Positions: 9}, {Kind: "subscription", Name: "receipts"}}
	stop := o.Watch(t.Context(), func(context.Context) ([]telemetry.Lag, error) { return lags, nil })
	want(t, o.measured(t), "ireneo.projection.lag{projection=payers} {position} 9\n"+
		"ireneo.subscription.lag{subscription=receipts} {position} 0\n")
	lags = lags[:1]
	lags[0].Positions = 2
	want(t, o.measured(t), "ireneo.projection.lag{projection=payers} {position} 2\n")
	stop()
	want(t, o.measured(t), "")
}

// A process that ends does not wait for a collection that waits for its database.
func TestInstruments_Watch_EndsWithItsContext(t *testing.T) {
	o := observe(t)
	ctx, end := context.WithCancel(t.Context())
	asked := make(chan struct{})
	stop := o.Watch(ctx, func(ctx context.Context) ([]telemetry.Lag, error) {
		close(asked)
		<-ctx.Done()
		return nil, ctx.Err()
	})
	collected := make(chan error)
	began := time.Now()
	go func() { collected <- o.reader.Collect(t.Context(), &metricdata.ResourceMetrics{}) }()
	<-asked
	end()
	stop()
	if err := <-collected; err != nil || time.Since(began) > 3*time.Second {
		t.Errorf("the collection ended after %s with %v", time.Since(began), err)
	}
}

// execute does what one command with an append costs.
func execute(ctx context.Context, t *telemetry.Instruments) {
	ctx, run := t.Command(ctx, "account.transfer")
	for _, step := range [...]string{"read", "reconstruct", "handle", "write"} {
		_, end := run.Step(ctx, step)
		end(nil)
	}
	run.End(store.Committed, 1, nil)
}

func insert(ctx context.Context, t *telemetry.Instruments) {
	ctx, end := t.Append(ctx, "account", 1)
	t.Appended(ctx, "account", 1, time.Millisecond)
	end(nil)
}

// Without an exporter an append allocates nothing and a command next to nothing, whether
// the providers are given or nobody has set any.
func TestInstruments_CostNothingUnlessExported(t *testing.T) {
	given, err := telemetry.New(nooptrace.NewTracerProvider(), noopmetric.NewMeterProvider(), []string{"account"})
	if err != nil {
		t.Fatal(err)
	}
	global, err := telemetry.New(nil, nil, []string{"account"})
	if err != nil {
		t.Fatal(err)
	}
	for name, instruments := range map[string]*telemetry.Instruments{"given": given, "global": global} {
		if got := testing.AllocsPerRun(100, func() { insert(t.Context(), instruments) }); got != 0 {
			t.Errorf("%s: an append costs %v allocations", name, got)
		}
		if got := testing.AllocsPerRun(100, func() { execute(t.Context(), instruments) }); got > 10 {
			t.Errorf("%s: a command costs %v allocations", name, got)
		}
	}

	o := observe(t) // what the program sets after it has opened its log counts
	reader := sdkmetric.NewManualReader()
	otel.SetTracerProvider(o.tracers)
	otel.SetMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)))
	o.reader = reader
	execute(t.Context(), global)
	insert(t.Context(), global)
	if got := strings.Count(o.ended(), "\n"); got != 5 {
		t.Errorf("%d spans have ended, not 5:\n%s", got, o.ended())
	}
	if got := strings.Count(o.measured(t), "\n"); got != 3 {
		t.Errorf("%d metrics are measured, not 3:\n%s", got, o.measured(t))
	}
}

func BenchmarkInstruments(b *testing.B) {
	instruments, err := telemetry.New(nooptrace.NewTracerProvider(), noopmetric.NewMeterProvider(), []string{"account"})
	if err != nil {
		b.Fatal(err)
	}
	for name, work := range map[string]func(context.Context, *telemetry.Instruments){"append": insert, "command": execute} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				work(b.Context(), instruments)
			}
		})
	}
}

// The line of a command is as loud as somebody should listen.
func TestLine(t *testing.T) {
	const facts = " msg=command command=account.transfer id=1 status=%s attempts=2 events=3 position=7 took=1ms correlation_id=c"
	for outcome, wanted := range map[string]string{
		store.Committed:  "level=DEBUG" + facts,
		store.Nothing:    "level=DEBUG" + facts,
		store.Rejected:   "level=INFO" + facts,
		store.Conflicted: "level=WARN" + facts,
		store.Failed:     "level=WARN" + facts,
	} {
		var lines strings.Builder
		logger := slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: untimed}))
		telemetry.Line(t.Context(), logger, store.Execution{
			ID: "1", Command: "account.transfer", Actor: "ada", Correlation: "c", Outcome: outcome, Reason: "ada has no money",
			Attempts: 2, Position: 7, Events: 3, Took: time.Millisecond,
		})
		want(t, lines.String(), fmt.Sprintf(wanted, outcome)+"\n")
	}
}

func untimed(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}
