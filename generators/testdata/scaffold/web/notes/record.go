package notes

import (
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of a note.
const (
	formUpdated  = "updated"
	formArchived = "archived"
)

// recordUpdated records "updated" of a note: POST /notes/:id/updated.
func (p pages) recordUpdated(c echo.Context) error {
	return p.record(c, formUpdated, &note.Updated{}, "The note is changed.")
}

// recordArchived records "archived" of a note: POST /notes/:id/archived.
func (p pages) recordArchived(c echo.Context) error {
	return p.record(c, formArchived, &note.Archived{}, "The note is archived.")
}

// record appends the event of one of the forms to the note.
func (p pages) record(c echo.Context, name string, ev ireneo.AnyEvent, done string) error {
	return server.Record(c, server.Recording{
		Form: name, Event: ev, Done: done, Then: path, Look: look,
		Stream: func(*form.Form) *ireneo.Handle { return streams.Note.For(c.Param("id")) },
		Again: func(status int, f *form.Form, clash *view.Clash) error {
			return p.detail(c, status, nil, f, clash)
		},
	})
}
