package server

import (
	"context"
	"errors"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/view"
)

// Recording is a posted form on its way into a stream.
type Recording struct {
	Event ireneo.AnyEvent
	Form  string    // its Name on the page; empty: the event's own
	Look  view.Look // how those who were faster are put into words

	// Stream is where the event goes. A form that begins a stream is shown with version
	// 0, and its Key makes a good id.
	Stream func(f *form.Form) *ireneo.Handle

	// Check looks at what only the page knows, and adds messages. Nil: there is nothing.
	Check func(ctx context.Context, f *form.Form) error

	Done string // what is said on the next page
	Then string // the page to go to: the path of the list, behind which comes the stream's id

	// Again shows the page with the form that was refused. clash, if not nil, says why it
	// came too late.
	Again func(status int, f *form.Form, clash *view.Clash) error
}

// Record reads a posted form, appends its event, and goes on to the stream's page. What is
// refused comes back with what was typed: 422 for a bad value, 409 for a late one.
func Record(c echo.Context, r Recording) error {
	f, err := form.Decode(c.Request(), r.Event)
	if err != nil {
		return err
	}
	if r.Form != "" {
		f.Name = r.Form
	}
	ctx := c.Request().Context()
	if r.Check != nil {
		if err := r.Check(ctx, f); err != nil {
			return err
		}
	}
	if !f.Valid() {
		return r.Again(http.StatusUnprocessableEntity, f, nil)
	}

	h, key := r.Stream(f), f.Key()
	err = f.Append(ctx, h, r.Event)
	conflict, _ := errors.AsType[*ireneo.ConflictError](err)
	switch {
	case err == nil:
		Flash(c, Done, r.Done)
		return Redirect(c, view.Path(r.Then, h.ID()))
	case conflict != nil && conflict.Expected == 0 && f.Key() != key:
		return r.used(f)
	case conflict != nil:
		return r.late(ctx, h, f, conflict)
	case !f.Valid():
		return r.Again(http.StatusUnprocessableEntity, f, nil)
	default:
		return err
	}
}

// usedAlready is said of a form that came back with other values.
const usedAlready = "This form was used already, and what it recorded then is kept. What is in it now was not recorded: send it again to record it as well."

// used answers a form that has begun a stream already and came back with other values.
func (r Recording) used(f *form.Form) error {
	f.Add("", usedAlready)
	return r.Again(http.StatusConflict, f, nil)
}

// late answers a form that came too late.
func (r Recording) late(ctx context.Context, h *ireneo.Handle, f *form.Form, conflict *ireneo.ConflictError) error {
	clash, err := view.ClashOf(ctx, h, conflict, f, r.Event, r.Look)
	if err != nil {
		return err
	}
	return r.Again(http.StatusConflict, f, clash)
}

// SendCSV answers with a table for spreadsheets, however long it is.
func SendCSV(c echo.Context, name string, header []string, rows iter.Seq2[[]string, error]) error {
	file, err := NewDownload(c, name+".csv", "text/csv; charset=utf-8")
	if err != nil {
		return err
	}
	defer file.Close()
	return view.WriteCSV(file, header, rows)
}
