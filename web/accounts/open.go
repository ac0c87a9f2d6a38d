package accounts

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// new shows the form that opens an account: GET /accounts/new?customer=.
func (p pages) new(c echo.Context) error {
	return p.openForm(c, http.StatusOK, form.New(&account.Opened{On: p.Today(), CustomerID: c.QueryParam("customer")}))
}

// open opens an account: POST /accounts. The form's key is the id of the new account, so
// that a form sent twice makes one.
func (p pages) open(c echo.Context) error {
	ev := &account.Opened{}
	return server.Record(c, server.Recording{
		Event: ev, Done: "The account is open.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.Account.For(f.Key()) },
		Check: func(ctx context.Context, f *form.Form) error {
			return errors.Join(p.NotLater(&ev.On)(ctx, f), web.CheckCustomer(ctx, f, ev.CustomerID))
		},
		Again: func(status int, f *form.Form, _ *view.Clash) error { return p.openForm(c, status, f) },
	})
}

func (p pages) openForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "open"
	f.SetVersion(0)
	customer, err := web.CustomerField(c.Request().Context(), f)
	if err != nil {
		return err
	}
	return p.Render(c, status, "Open an account", openForm(f, customer))
}
