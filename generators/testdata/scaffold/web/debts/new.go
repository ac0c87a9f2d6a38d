package debts

import (
	"net/http"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// new shows the form that begins a debt: GET /debts/new.
func (p pages) new(c echo.Context) error {
	return p.newForm(c, http.StatusOK, form.New(&debt.Issued{On: civil.DateOf(p.Now().UTC())}))
}

// create begins a debt: POST /debts. The form's key is the id of the new one, so that a
// form sent twice makes one.
func (p pages) create(c echo.Context) error {
	return server.Record(c, server.Recording{
		Event: &debt.Issued{}, Done: "Recorded: issued.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.Debt.For(f.Key()) },
		Again:  func(status int, f *form.Form, _ *view.Clash) error { return p.newForm(c, status, f) },
	})
}

func (p pages) newForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "new"
	f.SetVersion(0)
	return p.Render(c, status, "New debt", newForm(f))
}
