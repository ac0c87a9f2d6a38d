// Package events lists all that can happen in Ledger.
package events

import (
	"github.com/ireneo-dev/ireneo"

	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/events/debt"
)

// All are the event types of the application, for ireneo.Config.
var All = []ireneo.EventType{
	ireneo.TypeOf[account.Closed](),
	ireneo.TypeOf[account.Deposited](),
	ireneo.TypeOf[account.Opened](),
	ireneo.TypeOf[account.Withdrawn](),
	ireneo.TypeOf[customer.ContactChanged](),
	ireneo.TypeOf[customer.Registered](),
	ireneo.TypeOf[customer.Renamed](),
	ireneo.TypeOf[debt.Issued](),
	ireneo.TypeOf[debt.PaymentReceived](),
	ireneo.TypeOf[debt.Settled](),
	ireneo.TypeOf[debt.WrittenOff](),
}
