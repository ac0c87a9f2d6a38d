package samples

import (
	"net/http"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// new shows the form that begins a sample: GET /samples/new.
func (p pages) new(c echo.Context) error {
	return p.newForm(c, http.StatusOK, form.New(&sample.Taken{TakenOn: civil.DateOf(p.Now().UTC())}))
}

// create begins a sample: POST /samples. The form's key is the id of the new one, so that a
// form sent twice makes one.
func (p pages) create(c echo.Context) error {
	return server.Record(c, server.Recording{
		Event: &sample.Taken{}, Done: "Recorded: taken.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.Sample.For(f.Key()) },
		Again:  func(status int, f *form.Form, _ *view.Clash) error { return p.newForm(c, status, f) },
	})
}

func (p pages) newForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "new"
	f.SetVersion(0)
	return p.Render(c, status, "New sample", newForm(f))
}
