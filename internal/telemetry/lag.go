package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// kinds are what comes after the commit. Each has a gauge of its own, whose attribute is
// the kind.
var kinds = []string{"projection", "subscription"}

// Lag is how far a projection or subscription is behind the end of the log.
type Lag struct {
	Kind, Name string
	Positions  int64
}

// patience is how long a collection waits for the lags.
const patience = 5 * time.Second

func (t *Instruments) makeLags() error {
	t.lags = map[string]metric.Int64ObservableGauge{}
	var errs []error
	for _, kind := range kinds {
		gauge, err := t.meter.Int64ObservableGauge("ireneo."+kind+".lag",
			metric.WithUnit("{position}"), metric.WithDescription("How many positions it is behind the end of the log."))
		t.lags[kind] = gauge
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Watch makes every collection of metrics read the lags, until stop or the end of ctx. After
// stop none reads any more. Nobody reads them where nothing is exported.
func (t *Instruments) Watch(ctx context.Context, read func(context.Context) ([]Lag, error)) (stop func()) {
	observe := func(collecting context.Context, observer metric.Observer) error {
		collecting, cancel := context.WithTimeout(collecting, patience)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)() // the end of a process waits for no metrics
		lags, err := read(collecting)
		if ctx.Err() != nil {
			return nil
		}
		for _, lag := range lags {
			observer.ObserveInt64(t.lags[lag.Kind], lag.Positions,
				metric.WithAttributeSet(attribute.NewSet(attribute.String(lag.Kind, lag.Name))))
		}
		return err
	}
	registration, err := t.meter.RegisterCallback(observe, t.lags[kinds[0]], t.lags[kinds[1]])
	if err != nil {
		otel.Handle(err)
		return func() {}
	}
	return func() {
		if err := registration.Unregister(); err != nil {
			otel.Handle(err)
		}
	}
}
