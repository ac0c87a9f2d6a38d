package web

import (
	"context"
	"errors"
	"net/http"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// Recording is a posted form on its way into a stream.
type Recording struct {
	Form   string // its Name on the page
	Event  ireneo.AnyEvent
	Stream func(f *form.Form) *ireneo.Handle
	Phrase func(ireneo.AnyEvent) view.Phrase // how those who were faster are put into words

	// Check looks at what only the page knows, and adds messages. Nil: there is nothing.
	Check func(ctx context.Context, f *form.Form) error

	Done string // what is said when it is recorded
	Path string // where things of this kind are, such as /debts

	// Again shows the page with the form that was refused; clash, if not nil, says why it
	// came too late.
	Again func(status int, f *form.Form, clash *view.Clash) error
}

// Record reads the form, appends its event, and goes on to the stream's page. What is
// refused comes back with what was typed: 422 for a bad value, 409 for a late one.
func (s *Site) Record(c echo.Context, r Recording) error {
	f, err := form.Decode(c.Request(), r.Event)
	if err != nil {
		return err
	}
	f.Name = r.Form
	ctx := c.Request().Context()
	if r.Check != nil {
		if err := r.Check(ctx, f); err != nil {
			return err
		}
	}
	if !f.Valid() {
		return r.Again(http.StatusUnprocessableEntity, f, nil)
	}

	h := r.Stream(f)
	err = f.Append(ctx, h, r.Event)
	conflict, _ := errors.AsType[*ireneo.ConflictError](err)
	switch {
	case err == nil:
		server.Flash(c, server.Done, r.Done)
		return server.Redirect(c, Path(r.Path, h.ID()))
	case conflict != nil:
		return r.late(ctx, h, f, conflict)
	case !f.Valid():
		return r.Again(http.StatusUnprocessableEntity, f, nil)
	default:
		return err
	}
}

// late answers a form that came too late, or one that has begun a stream already and
// came back with other values.
func (r Recording) late(ctx context.Context, h *ireneo.Handle, f *form.Form, conflict *ireneo.ConflictError) error {
	if conflict.Expected == 0 {
		f.Add("", "This form was used already, and what it recorded then is kept. What is in it now was not recorded: send it again to record it as well.")
		return r.Again(http.StatusConflict, f, nil)
	}
	clash, err := view.ClashOf(ctx, h, conflict, f, r.Event, view.Look{Value: Value, Phrase: r.Phrase})
	if err != nil {
		return err
	}
	return r.Again(http.StatusConflict, f, clash)
}

// Today is the day it is, in UTC.
func (s *Site) Today() civil.Date { return civil.DateOf(s.Now().UTC()) }

// Day is a Check: it refuses days that have not come yet anywhere on earth. They are
// mistyped, and a fact in the future would make every later one look late.
func (s *Site) Day(on *civil.Date) func(context.Context, *form.Form) error {
	return func(_ context.Context, f *form.Form) error {
		if on.After(s.Today().AddDays(1)) {
			f.Add("on", "is in the future")
		}
		return nil
	}
}
