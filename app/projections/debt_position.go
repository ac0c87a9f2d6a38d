package projections

import (
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/form/money"
)

// Position is what has to be known of a debt to decide what may happen to it next.
type Position struct {
	IssuedOn    civil.Date // zero before the issue
	Outstanding int64      `validate:"gte=0"` // cents
	WrittenOff  bool       // all that was left was written off
}

// DebtPosition guards the debt: nobody pays back, or writes off, more than is
// outstanding, and a debt is settled only when nothing is.
var DebtPosition = ireneo.NewProjection("debt_position",
	ireneo.On(func(p *Position, e *debt.Issued, _ time.Time) {
		p.IssuedOn, p.Outstanding = e.On, e.Amount
	}),
	ireneo.On(func(p *Position, e *debt.PaymentReceived, _ time.Time) {
		p.reduce(e, "principal", e.Principal)
	}),
	ireneo.On(func(p *Position, e *debt.WrittenOff, _ time.Time) {
		p.WrittenOff = p.reduce(e, "amount", e.Amount) && p.Outstanding == 0
	}),
	ireneo.On(func(p *Position, e *debt.Settled, _ time.Time) {
		switch {
		case p.unborn(e):
		case p.Outstanding > 0:
			e.Errors().Add("", money.Format(p.Outstanding)+" is still outstanding on that day")
		case p.WrittenOff:
			e.Errors().Add("", "The debt was written off, so there is nothing to settle")
		}
	}),
)

// reduce takes an amount off what is outstanding, or says on the field why not.
func (p *Position) reduce(e ireneo.AnyEvent, field string, amount int64) bool {
	switch {
	case p.unborn(e):
		return false
	case amount > p.Outstanding:
		e.Errors().Add(field, "exceeds the outstanding balance of "+money.Format(p.Outstanding))
		return false
	default:
		p.Outstanding -= amount
		return true
	}
}

// unborn rejects an event dated before the debt was issued. Events are folded in the
// order in which they happened, so such an event meets a position without an issue.
func (p *Position) unborn(e ireneo.AnyEvent) bool {
	if !p.IssuedOn.IsZero() {
		return false
	}
	e.Errors().Add("on", "is before the debt was issued")
	return true
}
