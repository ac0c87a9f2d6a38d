package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/ireneo-dev/ireneo"
)

// telemetry is what a log has exported.
type telemetry struct {
	spans   *tracetest.SpanRecorder
	tracers *sdktrace.TracerProvider
	reader  *sdkmetric.ManualReader
}

// exporting opens the log anew as one that exports.
func exporting(t *testing.T, log *ireneo.Log, c ireneo.Config) (*telemetry, context.Context, *ireneo.Log) {
	t.Helper()
	e := &telemetry{spans: tracetest.NewSpanRecorder(), reader: sdkmetric.NewManualReader()}
	e.tracers = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(e.spans))
	c.TracerProvider, c.MeterProvider = e.tracers, sdkmetric.NewMeterProvider(sdkmetric.WithReader(e.reader))
	log = sibling(t, log, c)
	return e, ireneo.WithLog(t.Context(), log), log
}

// wantSpans compares the spans that have ended since, each as its way from the root and
// what is known of it.
func (e *telemetry) wantSpans(t *testing.T, want ...string) {
	t.Helper()
	all := map[trace.SpanID]sdktrace.ReadOnlySpan{}
	for _, s := range e.spans.Ended() {
		all[s.SpanContext().SpanID()] = s
	}
	var got []string
	for _, s := range e.spans.Ended() {
		way := s.Name()
		for up := all[s.Parent().SpanID()]; up != nil; up = all[up.Parent().SpanID()] {
			way = up.Name() + " > " + way
		}
		line := way + attributesText(s.Attributes())
		for _, event := range s.Events() {
			line += " +" + event.Name + attributesText(event.Attributes)
		}
		got = append(got, line+" "+s.Status().Code.String()+s.Status().Description)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("spans differ (-want +got):\n%s", diff)
	}
	e.spans.Reset()
}

// wantMetrics compares all that is measured but how long appends took.
func (e *telemetry) wantMetrics(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, e.metrics(t)); diff != "" {
		t.Errorf("metrics differ (-want +got):\n%s", diff)
	}
}

func (e *telemetry) metrics(t *testing.T) (lines []string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	must(t, e.reader.Collect(t.Context(), &all))
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			var points []metricdata.DataPoint[int64]
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				points = data.DataPoints
			case metricdata.Gauge[int64]:
				points = data.DataPoints
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					lines = append(lines, fmt.Sprintf("%s%s %d", m.Name, attributesText(p.Attributes.ToSlice()), p.Count))
				}
			}
			for _, p := range points {
				lines = append(lines, fmt.Sprintf("%s%s %d", m.Name, attributesText(p.Attributes.ToSlice()), p.Value))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

func attributesText(attributes []attribute.KeyValue) string {
	var parts []string
	for _, a := range attributes {
		parts = append(parts, string(a.Key)+"="+a.Value.String())
	}
	slices.Sort(parts)
	return "{" + strings.Join(parts, ",") + "}"
}

// Meddle deposits after somebody else has done so, as often as it is told.
type Meddle struct {
	ireneo.Command `name:"account.meddle"`

	Account string `json:"account" validate:"required"`
	others  func()
}

func (c *Meddle) Handle(ctx context.Context, b *ireneo.Boundary) error {
	a, err := ireneo.Load(ctx, b, Account.For(c.Account), AccountPosition)
	if err != nil {
		return err
	}
	c.others()
	a.Append(&Deposited{Amount: 1})
	return nil
}

func TestC18_ACommandIsCountedByStatusAndTraced(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		e, ctx, _ := exporting(t, log, config())
		must(t, Account.For("ada").Append(ctx, &Deposited{Amount: 100}))

		for _, amount := range []int64{30, 1000} {
			_, err := ireneo.Execute(ctx, &Transfer{From: "ada", To: "bob", Amount: amount})
			if rejected := errors.Is(err, ireneo.ErrInvalid); rejected != (amount == 1000) {
				t.Fatalf("transfer of %d: %v", amount, err)
			}
		}
		const root = "command account.transfer"
		e.wantSpans(t,
			root+" > read{} Unset", root+" > handle{} Unset", root+" > write{} Unset",
			root+"{attempts=1,command=account.transfer,status=committed} Unset",
			root+" > handle{} Unset",
			root+"{attempts=1,command=account.transfer,status=rejected} Unset",
		)
		e.wantMetrics(t,
			"ireneo.append.duration{stream=account} 3",
			"ireneo.commands.executed{command=account.transfer,status=committed} 1",
			"ireneo.commands.executed{command=account.transfer,status=rejected} 1",
			"ireneo.events.written{stream=account} 3",
		)
	})
}

func TestC18_StepsAreReadReconstructHandleWrite(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("ada").Append(ctx, &Deposited{Amount: 100}))
		e, ctx, _ := exporting(t, log, config())

		_, err := ireneo.Execute(ctx, &Transfer{From: "ada", To: "bob", Amount: 30})
		must(t, err)
		const root = "command account.transfer"
		e.wantSpans(t,
			root+" > read > reconstruct{} Unset", root+" > read{} Unset", root+" > handle{} Unset", root+" > write{} Unset",
			root+"{attempts=1,command=account.transfer,status=committed} Unset",
		)
	})
}

func TestC18_RetriesAreCountedByReason(t *testing.T) {
	each(t, config(), func(t *testing.T, there context.Context, log *ireneo.Log) {
		e, ctx, _ := exporting(t, log, config())
		meddled := 0
		cmd := &Meddle{Account: "ada", others: func() {
			if meddled++; meddled < 3 {
				must(t, Account.For("ada").Append(there, &Deposited{Amount: 1}))
			}
		}}
		result, err := ireneo.Execute(ctx, cmd, ireneo.Retry(ireneo.Fixed(4, 0)))
		must(t, err)

		retries := fmt.Sprintf("ireneo.retries{reason=conflict} %d", result.Attempts-1)
		if got := e.metrics(t); !slices.Contains(got, retries) || result.Attempts < 2 {
			t.Errorf("after %d attempts metrics are %q", result.Attempts, got)
		}
		for _, s := range e.spans.Ended() {
			if s.Parent().IsValid() {
				continue
			}
			if got := len(s.Events()); got != result.Attempts-1 {
				t.Errorf("%s tells of %d retries, not of %d", s.Name(), got, result.Attempts-1)
			}
		}
	})
}

func TestC18_AnAppendIsCountedAndTracedWithinATrace(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		e, ctx, _ := exporting(t, log, config())
		must(t, Account.For("ada").Append(ctx, &Deposited{Amount: 1}))
		e.wantSpans(t)

		within, caller := e.tracers.Tracer("host").Start(ctx, "GET /")
		for range 2 {
			must(t, Account.For("ada").Append(within, &Deposited{Amount: 1}, ireneo.IdempotencyKey("once")))
		}
		wantError(t, Account.For("ada").Append(within, &Withdrawn{Amount: 1000}), ireneo.ErrInvalid)
		wantError(t, Account.For("ada").Append(within, &Deposited{Amount: 1}, ireneo.ExpectVersion(7)), ireneo.ErrConflict)
		must(t, Journal.For("ada").AppendAll(within, []ireneo.AnyEvent{&Noted{}, &Noted{}}))
		_, position, err := log.Matching(within)
		must(t, err)
		wantError(t, Journal.For("ada").AppendIf(within, nil, 0, &Noted{}), ireneo.ErrConflict)
		must(t, Journal.For("ada").AppendIf(within, nil, position, &Noted{}))
		caller.End()
		e.wantSpans(t,
			"GET / > append account{events=1,stream=account} Unset",
			"GET / > append account{events=1,stream=account} Unset",
			"GET / > append account{events=1,stream=account} Unset",
			"GET / > append account{error.type=*ireneo.ConflictError,events=1,stream=account} Error",
			"GET / > append journal{events=2,stream=journal} Unset",
			"GET / > append journal{error.type=*ireneo.MatchedError,events=1,stream=journal} Error",
			"GET / > append journal{events=1,stream=journal} Unset",
			"GET /{} Unset",
		)
		e.wantMetrics(t,
			"ireneo.append.duration{stream=account} 2", "ireneo.append.duration{stream=journal} 2",
			"ireneo.events.written{stream=account} 2", "ireneo.events.written{stream=journal} 3",
		)
	})
}

// The lag is there while the log runs, and that of one that does not get on grows.
func TestLog_Run_ExportsLags(t *testing.T) {
	each(t, asyncConfig(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		called := make(chan struct{}, 1)
		c := asyncConfig()
		c.Subscriptions = []*ireneo.Subscription{{Name: "stuck", Handle: func(ctx context.Context, _ ireneo.Batch) error {
			called <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		}}}
		e, ctx, log := exporting(t, log, c)
		stop := running(t, log)
		append1 := func() { must(t, Journal.For("ada").Append(ctx, &Noted{})) }
		append1()
		<-called
		for _, want := range []string{"1", "2"} {
			if got, want := e.metrics(t), "ireneo.subscription.lag{subscription=stuck} "+want; !slices.Contains(got, want) {
				t.Errorf("%s is not among %q", want, got)
			}
			append1()
		}
		stop()
		for _, line := range e.metrics(t) {
			if strings.Contains(line, ".lag") {
				t.Errorf("%s is exported still", line)
			}
		}
	})
}
