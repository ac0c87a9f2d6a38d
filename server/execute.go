package server

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
)

// Executing is a posted form on its way into a command.
type Executing struct {
	Command ireneo.AnyCommand // what forms do not set is set already
	Form    string            // its Name on the page; empty: the command's own

	// Check looks at what only the page knows, and adds messages. Nil: there is nothing.
	Check func(ctx context.Context, f *form.Form) error

	// Same reports whether the command, as it came now, asks for what these events say.
	// They are those of a form that was used before.
	Same func(events []ireneo.AnyEvent) bool

	Done string                                // what is said on the next page
	Then func(events []ireneo.AnyEvent) string // the page to go to; the events are the command's, as they were stored

	// Again shows the page with the form that was not executed.
	Again func(status int, f *form.Form) error

	// Refused answers a command that was decided upon and refused, an ErrInvalid, or for
	// which others were too fast, an ErrConflict. Nil: Again does, with the command's
	// messages or with one that says so.
	Refused func(f *form.Form, err error) error
}

// Execute reads a posted form, executes its command, once however often the form is sent,
// and goes on to the next page. What is refused comes back with what was typed: 422 for a bad
// value, 409 for a late form or one that was used for something else.
func Execute(c echo.Context, x Executing) error {
	f, err := form.Decode(c.Request(), x.Command)
	if err != nil {
		return err
	}
	if x.Form != "" {
		f.Name = x.Form
	}
	ctx := c.Request().Context()
	if x.Check != nil {
		if err := x.Check(ctx, f); err != nil {
			return err
		}
	}
	if !f.Valid() {
		return x.Again(http.StatusUnprocessableEntity, f)
	}

	var lifecycle *ireneo.LifecycleError
	result, err := ireneo.Execute(ctx, x.Command, ireneo.CommandID(f.Key()))
	switch {
	case errors.As(err, new(*ireneo.CommandIDError)), err == nil && result.Repeated && !x.Same(result.Events):
		return x.used(f)
	case errors.Is(err, ireneo.ErrInvalid), errors.Is(err, ireneo.ErrConflict):
		return x.refused(f, err)
	case errors.Is(err, ireneo.ErrInvalidID):
		f.Add("", "There is nothing of that name.")
		return x.Again(http.StatusUnprocessableEntity, f)
	case errors.As(err, &lifecycle):
		f.Add("", "Nothing was recorded: "+lifecycle.Reason.Error()+".")
		return x.Again(http.StatusConflict, f)
	case err != nil:
		return err
	}
	Flash(c, Done, x.Done)
	return Redirect(c, x.Then(result.Events))
}

// used answers a form that was executed already and came back with other values.
func (x Executing) used(f *form.Form) error {
	f.Renew()
	f.Add("", usedAlready)
	return x.Again(http.StatusConflict, f)
}

func (x Executing) refused(f *form.Form, err error) error {
	switch {
	case x.Refused != nil:
		return x.Refused(f, err)
	case errors.Is(err, ireneo.ErrConflict):
		f.Add("", "Somebody was faster, and nothing was recorded. Look at what there is now, and send it again.")
		return x.Again(http.StatusConflict, f)
	default:
		f.Take(x.Command)
		return x.Again(http.StatusUnprocessableEntity, f)
	}
}
