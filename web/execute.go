package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
)

// Execution is a posted form on its way into a command.
type Execution struct {
	Command ireneo.AnyCommand // what forms do not set is set already
	Form    string            // its Name on the page

	// Check looks at what only the page knows, and adds messages.
	Check func(ctx context.Context, f *form.Form) error

	// Same reports whether the command says what has led to these events. They are those of
	// a form that was used before.
	Same func(events []ireneo.AnyEvent) bool

	Done string                                // what is said on the next page
	Then func(events []ireneo.AnyEvent) string // the page to go to

	// Again shows the page with the form that was not executed.
	Again func(status int, f *form.Form) error

	// Refused answers a command that was decided upon and refused, an ErrInvalid, or for
	// which others were too fast, an ErrConflict.
	Refused func(f *form.Form, err error) error
}

// Execute reads a posted form, executes its command, once however often the form is sent,
// and goes on to the next page.
func Execute(c echo.Context, x Execution) error {
	f, err := form.Decode(c.Request(), x.Command)
	if err != nil {
		return err
	}
	f.Name = x.Form
	ctx := c.Request().Context()
	if err := x.Check(ctx, f); err != nil {
		return err
	}
	if !f.Valid() {
		return x.Again(http.StatusUnprocessableEntity, f)
	}

	result, err := ireneo.Execute(ctx, x.Command, ireneo.CommandID(f.Key()))
	switch {
	case errors.As(err, new(*ireneo.CommandIDError)), err == nil && result.Repeated && !x.Same(result.Events):
		return x.used(f)
	case errors.Is(err, ireneo.ErrInvalid), errors.Is(err, ireneo.ErrConflict):
		return x.Refused(f, err)
	case err != nil:
		return err
	}
	server.Flash(c, server.Done, x.Done)
	return server.Redirect(c, x.Then(result.Events))
}

// used answers a form that was executed already and came back with other values.
func (x Execution) used(f *form.Form) error {
	f.Renew()
	f.Add("", "This form was used already, and what it recorded then is kept. What is in it now was not recorded: send it again to record it as well.")
	return x.Again(http.StatusConflict, f)
}
