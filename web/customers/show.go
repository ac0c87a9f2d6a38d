package customers

import (
	"context"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// shownRows is how many debts and accounts the page of a customer shows of each.
const shownRows = 10

// detail is what the page of one customer shows.
type detail struct {
	*view.Page[projections.Customer]

	ID       string
	Debts    []projections.DebtRow // the first ones, as they are now; none in the past
	Accounts []projections.AccountRow
	Total    *projections.CustomerTotal
	Forms    map[string]*form.Form
	Sent     string      // which form came back; empty: none
	Clash    *view.Clash // why it came too late, if it did
}

// look says how facts about them are put into words.
var look = view.Look{Value: web.Value, Phrase: phrase}

// show shows one customer, at any moment: GET /customers/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	return p.detail(c, http.StatusOK, c.QueryParams(), nil, nil)
}

// detail shows one customer. sent, if not nil, takes the place of the form it came from;
// clash, if not nil, says why it came too late.
func (p pages) detail(c echo.Context, status int, query url.Values, sent *form.Form, clash *view.Clash) error {
	ctx, id := c.Request().Context(), c.Param("id")
	page, err := view.Load(ctx, streams.Customer.For(id), projections.Customers, look.At(view.Path(path, id), query))
	if err != nil {
		return err
	}
	d := detail{Page: page, ID: id, Forms: p.forms(page), Clash: clash}
	if !page.Moment.Past() {
		if err := d.addBelongings(ctx); err != nil {
			return err
		}
	}
	if sent != nil {
		d.Forms[sent.Name], d.Sent = sent, sent.Name
		sent.SetVersion(page.Versions)
	}
	return p.Render(c, status, page.State.Name, show(d))
}

// addBelongings reads the first debts and accounts of the customer.
func (d *detail) addBelongings(ctx context.Context) error {
	theirs := list.Query{Filters: map[string]string{"customer": d.ID}, Limit: shownRows}
	debts, err := projections.Debts.Find(ctx, theirs)
	if err != nil {
		return err
	}
	accounts, err := projections.Accounts.Find(ctx, theirs)
	if err != nil {
		return err
	}
	d.Debts, d.Accounts = debts.Rows, accounts.Rows
	d.Total, err = projections.TotalOf(ctx, d.ID)
	return err
}

// forms are what can be recorded about a customer. They begin with what is known.
func (p pages) forms(page *view.Page[projections.Customer]) map[string]*form.Form {
	c := page.State
	forms := map[string]*form.Form{
		renaming: form.New(&customer.Renamed{Name: c.Name, On: p.Today()}),
		reaching: form.New(&customer.ContactChanged{Email: c.Email, Phone: c.Phone, On: p.Today()}),
	}
	for name, f := range forms {
		f.Name = name
		f.SetVersion(page.Versions)
	}
	return forms
}

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(view.Path(path, d.ID) + "/" + to)
}

// theirs is an address that is told which customer it is about.
func (d detail) theirs(address string) templ.SafeURL {
	return templ.SafeURL(address + "?" + url.Values{"customer": {d.ID}}.Encode())
}

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev := ev.(type) {
	case *customer.Registered:
		return view.Phrase{What: "Registered", Icon: web.Icon("plus")}
	case *customer.Renamed:
		return view.Phrase{What: "Renamed", Icon: web.Icon("dot"), Note: ev.Reason}
	case *customer.ContactChanged:
		return view.Phrase{What: "Contact changed", Icon: web.Icon("dot")}
	default:
		return view.Phrase{}
	}
}
