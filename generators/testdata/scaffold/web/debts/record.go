package debts

import (
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of a debt.
const (
	formPaid    = "paid"
	formSettled = "settled"
)

// recordPaid records "paid" of a debt: POST /debts/:id/paid.
func (p pages) recordPaid(c echo.Context) error {
	return p.record(c, formPaid, &debt.Paid{}, "Recorded: paid.")
}

// recordSettled records "settled" of a debt: POST /debts/:id/settled.
func (p pages) recordSettled(c echo.Context) error {
	return p.record(c, formSettled, &debt.Settled{}, "Recorded: settled.")
}

// record appends the event of one of the forms to the debt.
func (p pages) record(c echo.Context, name string, ev ireneo.AnyEvent, done string) error {
	return server.Record(c, server.Recording{
		Form: name, Event: ev, Done: done, Then: path, Look: look,
		Stream: func(*form.Form) *ireneo.Handle { return streams.Debt.For(c.Param("id")) },
		Again: func(status int, f *form.Form, clash *view.Clash) error {
			return p.detail(c, status, nil, f, clash)
		},
	})
}
