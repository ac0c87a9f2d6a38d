package coldrooms

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/coldroom"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// new shows the form that begins a cold room: GET /cold-rooms/new.
func (p pages) new(c echo.Context) error {
	return p.newForm(c, http.StatusOK, form.New(&coldroom.Opened{}))
}

// create begins a cold room: POST /cold-rooms. The form's key is the id of the new one, so that a
// form sent twice makes one.
func (p pages) create(c echo.Context) error {
	return server.Record(c, server.Recording{
		Event: &coldroom.Opened{}, Done: "Recorded: opened.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.ColdRoom.For(f.Key()) },
		Again:  func(status int, f *form.Form, _ *view.Clash) error { return p.newForm(c, status, f) },
	})
}

func (p pages) newForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "new"
	f.SetVersion(0)
	return p.Render(c, status, "New cold room", newForm(f))
}
