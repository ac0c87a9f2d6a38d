package debts

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/server"
)

// issuing is the form of a new debt.
const issuing = "issue"

// Issue issues a debt: POST /debts. The form's key is the id of the new debt, so that a
// form sent twice makes one.
func (p Pages) Issue(c echo.Context) error {
	ev := &debt.Issued{}
	f, err := form.Decode(c.Request(), ev)
	if err != nil {
		return badForm(err)
	}
	f.Name = issuing
	p.checkDay(f, ev.On)
	if !f.Valid() {
		return p.Site.Render(c, http.StatusUnprocessableEntity, "Issue a debt", issueForm(f))
	}

	id := f.Key()
	err = issue(c.Request().Context(), id, ev, f)
	switch {
	case err == nil:
		server.Flash(c, server.Done, "The debt is issued.")
		return c.Redirect(http.StatusSeeOther, path(id))
	case errors.Is(err, ireneo.ErrInvalid):
		f.Take(ev)
		return p.Site.Render(c, http.StatusUnprocessableEntity, "Issue a debt", issueForm(f))
	case errors.Is(err, ireneo.ErrConflict):
		f.Renew()
		f.Add("", "This form has issued a debt already, "+usedFor(err)+". What is in it now was not recorded; send it again to issue another debt.")
		return p.Site.Render(c, http.StatusConflict, "Issue a debt", issueForm(f))
	default:
		return err
	}
}

// issue appends the event once for each key. Where the key was used for other facts it
// is a conflict.
func issue(ctx context.Context, id string, ev *debt.Issued, f *form.Form) error {
	h := streams.Debt.For(id)
	err := h.Append(ctx, ev, ireneo.IdempotencyKey(f.Key()))
	if typed := f.Event(); err == nil && !same(ev, typed) {
		return h.Append(ctx, typed, ireneo.ExpectVersion(0))
	}
	return err
}

// usedFor says what the form was used for the first time.
func usedFor(err error) string {
	conflict, ok := errors.AsType[*ireneo.ConflictError](err)
	if !ok || len(conflict.Events) == 0 {
		return "with other values"
	}
	first, ok := conflict.Events[0].(*debt.Issued)
	if !ok {
		return "with other values"
	}
	return money.Format(first.Amount) + " to " + first.CustomerID
}

func path(id string) string { return "/debts/" + id }
