package accounts

import (
	"net/http"
	"net/url"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// detail is what the page of one account shows.
type detail struct {
	*view.Page[projections.AccountBalance]

	ID       string
	Customer *projections.Customer
	Forms    map[string]*form.Form
	Sent     string      // which form came back; empty: none
	Clash    *view.Clash // why it came too late, if it did
}

// look says how facts about them are put into words.
var look = view.Look{Value: words, Phrase: phrase}

// show shows one account, at any moment: GET /accounts/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	return p.detail(c, http.StatusOK, c.QueryParams(), nil, nil)
}

// detail shows one account. sent, if not nil, takes the place of the empty form it came
// from; clash, if not nil, says why it came too late.
func (p pages) detail(c echo.Context, status int, query url.Values, sent *form.Form, clash *view.Clash) error {
	ctx, id := c.Request().Context(), c.Param("id")
	others := ends{}
	page, err := view.Load(ctx, streams.Account.For(id), projections.AccountBalances, others.look().At(view.Path(path, id), query))
	if err != nil {
		return err
	}
	if err := others.name(ctx, page.Entries); err != nil {
		return err
	}
	owner, err := web.CustomerOf(ctx, page.State.CustomerID)
	if err != nil {
		return err
	}
	d := detail{Page: page, ID: id, Customer: owner, Forms: p.forms(page.Versions), Clash: clash}
	if sent != nil {
		d.Forms[sent.Name], d.Sent = sent, sent.Name
		sent.SetVersion(page.Versions)
	}
	return p.Render(c, status, page.State.Name, show(d))
}

// forms are what can be recorded about an account at a version.
func (p pages) forms(version int64) map[string]*form.Form {
	forms := map[string]*form.Form{
		deposit:    form.New(&account.Deposited{On: p.Today()}),
		withdrawal: form.New(&account.Withdrawn{On: p.Today()}),
		closing:    form.New(&account.Closed{On: p.Today()}),
	}
	for name, f := range forms {
		f.Name = name
		f.SetVersion(version)
	}
	return forms
}

// open reports whether anything can still happen to the account.
func (d detail) open() bool { return d.State.Status == projections.Open }

// offers reports whether a form is shown: where it makes sense, and where it came back.
// Nothing can be taken out of an empty account, and only an empty one is closed.
func (d detail) offers(form string) bool {
	return d.Sent == form || form == deposit || (form == closing) == (d.State.Balance == 0)
}

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(view.Path(path, d.ID) + "/" + to)
}

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev := ev.(type) {
	case *account.Opened:
		return view.Phrase{What: "Opened", Icon: web.Icon("plus")}
	case *account.Deposited:
		if ev.FromID != "" {
			return view.Phrase{What: "Transfer in", Icon: web.Icon("down"), Note: ev.Note}
		}
		return view.Phrase{What: "Deposit", Icon: web.Icon("down"), Note: ev.Note}
	case *account.Withdrawn:
		if ev.ToID != "" {
			return view.Phrase{What: "Transfer out", Icon: web.Icon("dot"), Note: ev.Note}
		}
		return view.Phrase{What: "Withdrawal", Icon: web.Icon("dot"), Note: ev.Note}
	case *account.Closed:
		return view.Phrase{What: "Closed", Icon: web.Icon("check")}
	default:
		return view.Phrase{}
	}
}

// words writes a field for people.
func words(key string, value any) string {
	if key == "status" {
		return web.StatusWord(value.(string))
	}
	return web.Value(key, value)
}
