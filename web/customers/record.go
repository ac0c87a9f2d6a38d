package customers

import (
	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of a customer.
const (
	renaming = "rename"
	reaching = "contact"
)

// rename records another name: POST /customers/:id/name.
func (p pages) rename(c echo.Context) error {
	ev := &customer.Renamed{}
	return p.record(c, renaming, ev, &ev.On, "The new name is recorded.")
}

// changeContact records how the customer is reached from now on: POST /customers/:id/contact.
func (p pages) changeContact(c echo.Context) error {
	ev := &customer.ContactChanged{}
	return p.record(c, reaching, ev, &ev.On, "The new contact is recorded.")
}

// record appends the event of one of the forms, of which on is a part, to the customer.
func (p pages) record(c echo.Context, name string, ev ireneo.AnyEvent, on *civil.Date, done string) error {
	return server.Record(c, server.Recording{
		Form: name, Event: ev, Done: done, Then: path, Look: look,
		Stream: func(*form.Form) *ireneo.Handle { return streams.Customer.For(c.Param("id")) },
		Check:  p.NotLater(on),
		Again: func(status int, f *form.Form, clash *view.Clash) error {
			return p.detail(c, status, nil, f, clash)
		},
	})
}
