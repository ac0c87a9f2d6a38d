package projections

import (
	"math"
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/form/money"
)

// Funds is what has to be known of an account to decide what may happen to it next.
type Funds struct {
	OpenedOn  civil.Date // zero before the opening
	Deposited int64      // cents, all that was ever paid in
	Balance   int64      `validate:"gte=0"` // cents
	Closed    bool
}

// AccountPosition guards the account: nobody takes out more than is in it, and it is
// closed only when it is empty.
var AccountPosition = ireneo.NewProjection("account_position",
	ireneo.On(func(f *Funds, e *account.Opened, _ time.Time) { f.OpenedOn = e.On }),
	ireneo.On(func(f *Funds, e *account.Deposited, _ time.Time) {
		switch {
		case f.shut(e):
		case e.Amount > math.MaxInt64-f.Deposited:
			e.Errors().Add("amount", "is more than an account can take")
		default:
			f.Deposited += e.Amount
			f.Balance += e.Amount
		}
	}),
	ireneo.On(func(f *Funds, e *account.Withdrawn, _ time.Time) {
		switch {
		case f.shut(e):
		case e.Amount > f.Balance:
			e.Errors().Add("amount", "exceeds the balance of "+money.Format(f.Balance))
		default:
			f.Balance -= e.Amount
		}
	}),
	ireneo.On(func(f *Funds, e *account.Closed, _ time.Time) {
		switch {
		case f.shut(e):
		case f.Balance > 0:
			e.Errors().Add("", money.Format(f.Balance)+" is still in the account on that day")
		default:
			f.Closed = true
		}
	}),
)

// shut rejects an event dated before the opening or after the closing. Events are folded
// in the order in which they happened, so such an event meets an account that is not
// there yet, or no longer.
func (f *Funds) shut(e ireneo.AnyEvent) bool {
	switch {
	case f.OpenedOn.IsZero():
		e.Errors().Add("on", "is before the account was opened")
	case f.Closed:
		e.Errors().Add("on", "is after the account was closed")
	default:
		return false
	}
	return true
}
