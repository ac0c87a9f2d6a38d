package ireneotest

import (
	"context"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// patience is how long Deliver waits.
const patience = 30 * time.Second

// Deliver runs the log's subscriptions and the projections that are kept up after the
// commit until all of them have done what was committed before, and ends them again. The
// test fails where one stops, with its reason, and where they take longer than 30 seconds:
// do not Deliver what has a Wait.
func Deliver(t testing.TB, log *ireneo.Log) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	run, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		log.Run(run)
	}()
	defer func() {
		stop()
		<-ended
	}()

	head, err := log.Deliveries(ctx)
	if err != nil {
		t.Fatalf("deliver: %v", err)
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		now, err := log.Deliveries(ctx)
		if err != nil {
			t.Fatalf("deliver: %v", err)
		}
		if delivered(t, now, head) {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("deliver: they do not come to the end: %+v", now)
		case <-tick.C:
		}
	}
}

// delivered reports whether everything has come as far as the head was.
func delivered(t testing.TB, now, before []ireneo.Delivery) bool {
	t.Helper()
	if len(before) == 0 {
		return true
	}
	all := true
	for _, d := range now {
		switch {
		case !d.Declared:
		case d.State == "stopped":
			t.Fatalf("deliver: %s %s stopped at position %d: %s", d.Kind, d.Name, d.FailedAt, d.Reason)
		case d.Changed:
			t.Fatalf("deliver: %s %s selects other events than its cursor is of", d.Kind, d.Name)
		case d.State == "running" && d.Position < before[0].Head:
			all = false
		}
	}
	return all
}
