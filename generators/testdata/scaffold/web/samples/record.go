package samples

import (
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of a sample.
const (
	formWeighed = "weighed"
)

// recordWeighed records "weighed" of a sample: POST /samples/:id/weighed.
func (p pages) recordWeighed(c echo.Context) error {
	return p.record(c, formWeighed, &sample.Weighed{}, "Recorded: weighed.")
}

// record appends the event of one of the forms to the sample.
func (p pages) record(c echo.Context, name string, ev ireneo.AnyEvent, done string) error {
	return server.Record(c, server.Recording{
		Form: name, Event: ev, Done: done, Then: path, Look: look,
		Stream: func(*form.Form) *ireneo.Handle { return streams.Sample.For(c.Param("id")) },
		Again: func(status int, f *form.Form, clash *view.Clash) error {
			return p.detail(c, status, nil, f, clash)
		},
	})
}
