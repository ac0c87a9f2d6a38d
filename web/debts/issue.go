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
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// new shows the form that issues a debt: GET /debts/new?customer=.
func (p pages) new(c echo.Context) error {
	f := form.New(&debt.Issued{On: p.Today(), CustomerID: c.QueryParam("customer")})
	f.Set("interest_rate", "0")
	return p.issueForm(c, http.StatusOK, f)
}

// issue issues a debt: POST /debts. The form's key is the id of the new debt, so that a
// form sent twice makes one.
func (p pages) issue(c echo.Context) error {
	ev := &debt.Issued{}
	return server.Record(c, server.Recording{
		Event: ev, Done: "The debt is issued.", Then: path,
		Stream: func(f *form.Form) *ireneo.Handle { return streams.Debt.For(f.Key()) },
		Check: func(ctx context.Context, f *form.Form) error {
			return errors.Join(p.NotLater(&ev.On)(ctx, f), web.CheckCustomer(ctx, f, ev.CustomerID))
		},
		Again: func(status int, f *form.Form, _ *view.Clash) error { return p.issueForm(c, status, f) },
	})
}

func (p pages) issueForm(c echo.Context, status int, f *form.Form) error {
	f.Name = "issue"
	f.SetVersion(0)
	customer, err := web.CustomerField(c.Request().Context(), f)
	if err != nil {
		return err
	}
	return p.Render(c, status, "Issue a debt", issueForm(f, customer))
}
