package debts

import (
	"math/big"
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// detail is what the page of one debt shows.
type detail struct {
	*view.Page[projections.OutstandingBalance]

	ID       string
	Customer *projections.Customer
	Forms    map[string]*form.Form
	Sent     string      // which form came back; empty: none
	Clash    *view.Clash // why it came too late, if it did

	Before, After string // the debts that it refinances, and that refinance it; empty: none, or not among the entries that are shown
}

// Look says how facts about debts are put into words.
var Look = view.Look{Value: words, Phrase: phrase}

// show shows one debt, at any moment: GET /debts/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	return p.detail(c, http.StatusOK, c.QueryParams(), nil, nil)
}

// detail shows one debt. sent, if not nil, takes the place of the empty form it came
// from; clash, if not nil, says why it came too late.
func (p pages) detail(c echo.Context, status int, query url.Values, sent *form.Form, clash *view.Clash) error {
	ctx, id := c.Request().Context(), c.Param("id")
	d := detail{ID: id, Clash: clash}
	noting := Look.At(view.Path(path, id), query)
	noting.Phrase = func(ev ireneo.AnyEvent) view.Phrase { d.note(ev); return phrase(ev) }
	page, err := view.Load(ctx, streams.Debt.For(id), projections.OutstandingBalances, noting)
	if err != nil {
		return err
	}
	owner, err := web.CustomerOf(ctx, page.State.CustomerID)
	if err != nil {
		return err
	}
	d.Page, d.Customer, d.Forms = page, owner, p.forms(page.Versions)
	if sent != nil {
		d.Forms[sent.Name], d.Sent = sent, sent.Name
		sent.SetVersion(page.Versions)
	}
	return p.Render(c, status, owner.Name, show(d))
}

// note keeps the debts that an entry names.
func (d *detail) note(ev ireneo.AnyEvent) {
	switch ev := ev.(type) {
	case *debt.Issued:
		d.Before = ev.RefinancesID
	case *debt.Settled:
		d.After = ev.IntoID
	}
}

// forms are what can be recorded about a debt at a version.
func (p pages) forms(version int64) map[string]*form.Form {
	forms := map[string]*form.Form{
		payment:    form.New(&debt.PaymentReceived{On: p.Today()}),
		writeOff:   form.New(&debt.WrittenOff{On: p.Today()}),
		settlement: form.New(&debt.Settled{On: p.Today()}),
	}
	for name, f := range forms {
		f.Name = name
		f.SetVersion(version)
	}
	return forms
}

// open reports whether anything can still happen to the debt.
func (d detail) open() bool { return d.State.Status == projections.Open }

// offers reports whether a form is shown: where it makes sense, and where it came back.
func (d detail) offers(form string) bool {
	return d.Sent == form || (form == settlement) == (d.State.Outstanding == 0)
}

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(view.Path(path, d.ID) + "/" + to)
}

// repaid is the part that is no longer outstanding, of 1000, for a progress bar.
func (d detail) repaid() string {
	if d.State.Issued == 0 {
		return "0"
	}
	gone := new(big.Int).Mul(big.NewInt(d.State.Issued-d.State.Outstanding), big.NewInt(1000))
	return gone.Div(gone, big.NewInt(d.State.Issued)).String()
}

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev := ev.(type) {
	case *debt.Issued:
		if ev.RefinancesID != "" {
			return view.Phrase{What: "Issued to refinance another debt", Icon: web.Icon("plus")}
		}
		return view.Phrase{What: "Issued", Icon: web.Icon("plus")}
	case *debt.PaymentReceived:
		if ev.FromID != "" {
			return view.Phrase{What: "Paid off by another debt", Icon: web.Icon("down"), Note: ev.Note}
		}
		return view.Phrase{What: "Payment", Icon: web.Icon("down"), Note: ev.Note}
	case *debt.WrittenOff:
		return view.Phrase{What: "Written off", Icon: web.Icon("cross"), Note: ev.Reason}
	case *debt.Settled:
		if ev.IntoID != "" {
			return view.Phrase{What: "Refinanced", Icon: web.Icon("check")}
		}
		return view.Phrase{What: "Settled", Icon: web.Icon("check")}
	default:
		return view.Phrase{}
	}
}

// words writes a field for people.
func words(key string, value any) string {
	switch key {
	case "status":
		return web.StatusWord(value.(string))
	case "interest_rate":
		return web.Value(key, value) + " % a year"
	default:
		return web.Value(key, value)
	}
}
