package debts

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/view"
)

// history is one debt as its page shows it, read from the log in one go so that
// balance, version and entries belong together.
type history struct {
	Balance      projections.OutstandingBalance
	CustomerName string // of today; the id where the customer was never registered
	Version      int64
	Entries      []entry // in the order in which they happened, newest first
	Omitted      int     // how many older ones are not shown
}

// entry is one fact in words.
type entry struct {
	Version            int64
	What, Note         string
	Icon               string
	Occurred, Recorded time.Time
	Amount             *int64 // nil where the fact has none
	Before, After      int64  // outstanding
	Late               bool   // recorded after something that happened later
}

// shown is how many entries of a history are shown.
const shown = 200

// load reads a debt as it was at a moment. It is a NotFoundError where there was none.
func load(ctx context.Context, id string, m view.Moment) (*history, error) {
	d := &history{}
	d.Balance.ID = id
	for ev, err := range streams.Debt.For(id).Events(ctx, m.Options()...) {
		if err != nil {
			return nil, err
		}
		if err := d.fold(ev); err != nil {
			return nil, err
		}
	}
	if d.Version == 0 {
		return nil, &ireneo.NotFoundError{Stream: streams.Debt.Type, ID: id, Projection: projections.OutstandingBalances.Name()}
	}
	d.arrange()

	d.CustomerName = d.Balance.CustomerID
	customer, err := projections.Customers.Find(ctx, d.Balance.CustomerID)
	switch {
	case err == nil:
		d.CustomerName = customer.Name
	case !errors.Is(err, ireneo.ErrNotFound):
		return nil, err
	}
	return d, nil
}

func (d *history) fold(ev ireneo.AnyEvent) error {
	e := describe(ev)
	e.Before = d.Balance.Outstanding
	if err := projections.OutstandingBalances.Interpret(&d.Balance, ev, ev.OccurredAt()); err != nil {
		return err
	}
	e.After = d.Balance.Outstanding
	d.Version = max(d.Version, e.Version)
	d.Entries = append(d.Entries, e)
	return nil
}

// arrange puts the newest entry first, marks the late ones, and keeps what is shown.
func (d *history) arrange() {
	slices.Reverse(d.Entries)
	earliest := d.Version
	for i := range d.Entries {
		d.Entries[i].Late = d.Entries[i].Version > earliest
		earliest = min(earliest, d.Entries[i].Version)
	}
	if len(d.Entries) > shown {
		d.Omitted = len(d.Entries) - shown
		d.Entries = d.Entries[:shown]
	}
}

// describe puts a fact into words.
func describe(ev ireneo.AnyEvent) entry {
	e := entry{Version: ev.Version(), Occurred: ev.OccurredAt(), Recorded: ev.RecordedAt()}
	switch ev := ev.(type) {
	case *debt.Issued:
		e.What, e.Icon, e.Amount = "Issued", "plus", &ev.Amount
	case *debt.PaymentReceived:
		e.What, e.Icon, e.Amount, e.Note = "Payment", "down", &ev.Principal, ev.Note
	case *debt.WrittenOff:
		e.What, e.Icon, e.Amount, e.Note = "Written off", "cross", &ev.Amount, ev.Reason
	case *debt.Settled:
		e.What, e.Icon = "Settled", "check"
	default:
		e.What = ev.Type()
	}
	return e
}

// meanwhile is why a form was too late.
type meanwhile struct {
	Entries []entry // what was recorded since the form was opened
}

func meanwhileOf(conflict *ireneo.ConflictError) *meanwhile {
	m := &meanwhile{}
	for _, ev := range conflict.Events {
		m.Entries = append(m.Entries, describe(ev))
	}
	return m
}
