package customers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// new shows the form that registers a customer: GET /customers/new.
func (p pages) new(c echo.Context) error {
	return p.registerForm(c, http.StatusOK, form.New(&customer.Registered{On: p.Today()}))
}

// register registers a customer: POST /customers. The form's key is the id of the new
// customer, so that a form sent twice makes one.
func (p pages) register(c echo.Context) error {
	ev := &customer.Registered{}
	return server.Record(c, server.Recording{
		Event: ev, Done: "The customer is registered.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.Customer.For(f.Key()) },
		Check:  p.NotLater(&ev.On),
		Again:  func(status int, f *form.Form, _ *view.Clash) error { return p.registerForm(c, status, f) },
	})
}

func (p pages) registerForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "register"
	f.SetVersion(0)
	return p.Render(c, status, "Register a customer", registerForm(f))
}
