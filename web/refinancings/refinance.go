package refinancings

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/commands"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
	"github.com/ireneo-dev/ireneo/web/debts"
)

// refinancing is the name of the form.
const refinancing = "refinancing"

// detail is what the page shows.
type detail struct {
	*view.Page[projections.OutstandingBalance] // of the debt that is to be paid off

	ID       string
	Customer *projections.Customer
	Form     *form.Form
	Clash    *view.Clash // why the form came too late, if it did
}

// new shows the form that refinances a debt: GET /debts/:id/refinancing. It begins with
// what the debt is now.
func (p pages) new(c echo.Context) error {
	d, err := p.load(c)
	if err != nil {
		return err
	}
	d.Form = form.New(&commands.Refinance{Amount: d.State.Outstanding, On: p.Today()})
	d.Form.Set("interest_rate", d.State.InterestRate.String())
	return p.render(c, http.StatusOK, d)
}

// refinance pays off a debt with a new one: POST /debts/:id/refinancing. It is decided on
// the version that the page showed.
func (p pages) refinance(c echo.Context) error {
	cmd := &commands.Refinance{DebtID: c.Param("id")}
	return server.Execute(c, server.Executing{
		Command: cmd, Form: refinancing, Done: "The debt is refinanced. This is the new one.",
		Check: func(ctx context.Context, f *form.Form) (err error) {
			_, unknown := projections.OutstandingBalances.Find(ctx, cmd.DebtID)
			cmd.Seen, err = f.Version()
			return errors.Join(unknown, err, p.NotLater(&cmd.On)(ctx, f))
		},
		Same:    func(events []ireneo.AnyEvent) bool { return madeBy(cmd, issued(events)) },
		Then:    func(events []ireneo.AnyEvent) string { return view.Path(path, issued(events).StreamID()) },
		Again:   func(status int, f *form.Form) error { return p.again(c, status, f) },
		Refused: func(f *form.Form, _ error) error { return p.refused(c, cmd, f) },
	})
}

// issued is the new debt among the events of a refinancing.
func issued(events []ireneo.AnyEvent) *debt.Issued {
	for _, ev := range events {
		if ev, ok := ev.(*debt.Issued); ok {
			return ev
		}
	}
	return &debt.Issued{}
}

// madeBy reports whether a new debt is what the command asks for.
func madeBy(cmd *commands.Refinance, ev *debt.Issued) bool {
	return ev.RefinancesID == cmd.DebtID && ev.Amount == cmd.Amount && ev.InterestRate.Equal(cmd.InterestRate) && ev.On == cmd.On
}

func (p pages) again(c echo.Context, status int, f *form.Form) error {
	d, err := p.load(c)
	if err != nil {
		return err
	}
	d.Form = f
	return p.render(c, status, d)
}

// refused shows a form that was refused. Where the debt is no longer what the page showed,
// it says first what happened meanwhile.
func (p pages) refused(c echo.Context, cmd *commands.Refinance, f *form.Form) error {
	d, err := p.load(c)
	if err != nil {
		return err
	}
	d.Form = f
	if d.Versions == cmd.Seen {
		f.Take(cmd)
		return p.render(c, http.StatusUnprocessableEntity, d)
	}

	d.Clash = &view.Clash{Entries: d.since(cmd.Seen), Version: d.Versions, Closed: d.State.Status == projections.Settled, Form: refinancing}
	for _, fe := range cmd.Errors().All() {
		if fe.Field != "seen" { // which the clash says itself
			d.Clash.Reasons = append(d.Clash.Reasons, fe.Message)
		}
	}
	if !d.Clash.Passes() {
		f.Take(cmd)
	}
	return p.render(c, http.StatusConflict, d)
}

// since are the entries after a version, oldest first.
func (d *detail) since(version int64) []view.Entry {
	var later []view.Entry
	for _, e := range slices.Backward(d.Entries) {
		if e.Version > version {
			later = append(later, e)
		}
	}
	return later
}

// load reads the debt that is to be paid off.
func (p pages) load(c echo.Context) (*detail, error) {
	ctx, id := c.Request().Context(), c.Param("id")
	page, err := view.Load(ctx, streams.Debt.For(id), projections.OutstandingBalances, debts.Look)
	if err != nil {
		return nil, err
	}
	owner, err := web.CustomerOf(ctx, page.State.CustomerID)
	return &detail{Page: page, ID: id, Customer: owner}, err
}

func (p pages) render(c echo.Context, status int, d *detail) error {
	d.Form.Name = refinancing
	d.Form.SetVersion(d.Versions)
	return p.Render(c, status, "Refinance a debt", show(d))
}

// refinances reports whether there is anything to pay off.
func (d *detail) refinances() bool {
	return d.State.Status == projections.Open && d.State.Outstanding > 0
}

// back is the page of the debt, and address that of its refinancing.
func (d *detail) back() templ.SafeURL    { return templ.SafeURL(view.Path(path, d.ID)) }
func (d *detail) address() templ.SafeURL { return d.back() + "/refinancing" }
