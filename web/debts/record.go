package debts

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of a debt.
const (
	payment    = "payment"
	writeOff   = "write-off"
	settlement = "settlement"
)

// recorded is what is said when a form has done its work.
var recorded = map[string]string{
	payment:    "The payment is recorded.",
	writeOff:   "The write-off is recorded.",
	settlement: "The debt is settled.",
}

// Pay records a payment: POST /debts/:id/payments.
func (p Pages) Pay(c echo.Context) error {
	ev := &debt.PaymentReceived{}
	return p.record(c, payment, ev, &ev.On)
}

// WriteOff records that an amount is no longer expected: POST /debts/:id/write-offs.
func (p Pages) WriteOff(c echo.Context) error {
	ev := &debt.WrittenOff{}
	return p.record(c, writeOff, ev, &ev.On)
}

// Settle closes the book of a debt: POST /debts/:id/settlement.
func (p Pages) Settle(c echo.Context) error {
	ev := &debt.Settled{}
	return p.record(c, settlement, ev, &ev.On)
}

// record appends the event of a form, of which on is a part, to the debt, at the version
// the form was shown for, and goes back to the debt. What is refused stays in the form.
func (p Pages) record(c echo.Context, name string, ev ireneo.AnyEvent, on *civil.Date) error {
	f, err := form.Decode(c.Request(), ev)
	if err != nil {
		return badForm(err)
	}
	version, err := f.Version()
	if err != nil {
		return badForm(err)
	}
	f.Name = name
	p.checkDay(f, *on)
	if !f.Valid() {
		return p.show(c, http.StatusUnprocessableEntity, view.Moment{}, f, nil)
	}

	err = appendOnce(c.Request().Context(), c.Param("id"), version, f, ev)
	conflict, _ := errors.AsType[*ireneo.ConflictError](err)
	switch {
	case err == nil:
		server.Flash(c, server.Done, recorded[name])
		return c.Redirect(http.StatusSeeOther, path(url.PathEscape(c.Param("id"))))
	case conflict != nil:
		return p.show(c, http.StatusConflict, view.Moment{}, f, meanwhileOf(conflict))
	case errors.Is(err, ireneo.ErrInvalid):
		f.Take(ev)
		return p.show(c, http.StatusUnprocessableEntity, view.Moment{}, f, nil)
	default:
		return err
	}
}

// appendOnce appends the event once for each key, so that a form sent twice counts
// once. A used key with other facts in the form is a form that went back in the
// browser's history: without the key its version decides.
func appendOnce(ctx context.Context, id string, version int64, f *form.Form, ev ireneo.AnyEvent) error {
	h := streams.Debt.For(id)
	err := h.Append(ctx, ev, ireneo.ExpectVersion(version), ireneo.IdempotencyKey(f.Key()))
	if typed := f.Event(); err == nil && !same(ev, typed) {
		return h.Append(ctx, typed, ireneo.ExpectVersion(version))
	}
	return err
}

// same reports whether two events state the same facts.
func same(a, b ireneo.AnyEvent) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
