package notes

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// new shows the form that begins a note: GET /notes/new.
func (p pages) new(c echo.Context) error {
	return p.newForm(c, http.StatusOK, form.New(&note.Created{}))
}

// create begins a note: POST /notes. The form's key is the id of the new one, so that a
// form sent twice makes one.
func (p pages) create(c echo.Context) error {
	return server.Record(c, server.Recording{
		Event: &note.Created{}, Done: "The note is created.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.Note.For(f.Key()) },
		Again:  func(status int, f *form.Form, _ *view.Clash) error { return p.newForm(c, status, f) },
	})
}

func (p pages) newForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "new"
	f.SetVersion(0)
	return p.Render(c, status, "New note", newForm(f))
}
