package debts

import (
	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of a debt.
const (
	payment    = "payment"
	writeOff   = "write-off"
	settlement = "settlement"
)

// pay records a payment: POST /debts/:id/payments.
func (p pages) pay(c echo.Context) error {
	ev := &debt.PaymentReceived{}
	return p.record(c, payment, ev, &ev.On, "The payment is recorded.")
}

// writeOff records that an amount is no longer expected: POST /debts/:id/write-offs.
func (p pages) writeOff(c echo.Context) error {
	ev := &debt.WrittenOff{}
	return p.record(c, writeOff, ev, &ev.On, "The write-off is recorded.")
}

// settle closes the book of a debt: POST /debts/:id/settlement.
func (p pages) settle(c echo.Context) error {
	ev := &debt.Settled{}
	return p.record(c, settlement, ev, &ev.On, "The debt is settled.")
}

// record appends the event of one of the forms, of which on is a part, to the debt.
func (p pages) record(c echo.Context, name string, ev ireneo.AnyEvent, on *civil.Date, done string) error {
	return server.Record(c, server.Recording{
		Form: name, Event: ev, Done: done, Then: path, Look: Look,
		Stream: func(*form.Form) *ireneo.Handle { return streams.Debt.For(c.Param("id")) },
		Check:  p.NotLater(on),
		Again: func(status int, f *form.Form, clash *view.Clash) error {
			return p.detail(c, status, nil, f, clash)
		},
	})
}
