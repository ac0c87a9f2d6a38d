package debts

import (
	"net/http"
	"net/url"

	"cloud.google.com/go/civil"
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/form/money"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"
	"github.com/ireneo-dev/ireneo/view"
)

// detail is what the page of one debt shows.
type detail struct {
	*view.Page[projections.Debt]

	ID    string
	Forms map[string]*form.Form
	Sent  string      // which form came back; empty: none
	Clash *view.Clash // why it came too late, if it did
}

// look says how facts about them are put into words.
var look = view.Look{Value: words, Phrase: phrase}

// show shows one debt, at any moment: GET /debts/:id?version=&at=&as_of=&older=.
func (p pages) show(c echo.Context) error {
	return p.detail(c, http.StatusOK, c.QueryParams(), nil, nil)
}

// detail shows one debt. sent, if not nil, takes the place of the empty form it came
// from; clash, if not nil, says why it came too late.
func (p pages) detail(c echo.Context, status int, query url.Values, sent *form.Form, clash *view.Clash) error {
	id := c.Param("id")
	page, err := view.Load(c.Request().Context(), streams.Debt.For(id), projections.Debts, look.At(view.Path(path, id), query))
	if err != nil {
		return err
	}
	d := detail{Page: page, ID: id, Forms: p.forms(page.Versions), Clash: clash}
	if sent != nil {
		d.Forms[sent.Name], d.Sent = sent, sent.Name
		sent.SetVersion(page.Versions)
	}
	return p.Render(c, status, d.title(), show(d))
}

// forms are what can be recorded about a debt at a version.
func (p pages) forms(version int64) map[string]*form.Form {
	forms := map[string]*form.Form{
		formPaid:    form.New(&debt.Paid{On: civil.DateOf(p.Now().UTC())}),
		formSettled: form.New(&debt.Settled{On: civil.DateOf(p.Now().UTC())}),
	}
	for name, f := range forms {
		f.Name = name
		f.SetVersion(version)
	}
	return forms
}

// open reports whether anything can still happen to the debt.
func (d detail) open() bool { return d.State.Status != projections.DebtSettled }

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(view.Path(path, d.ID) + "/" + to)
}

// title is what the debt is called.
func (d detail) title() string { return title(d.ID) }

// title is what the debt of an id is called: by the beginning of it.
func title(id string) string {
	letters := []rune(id)
	return "Debt " + string(letters[:min(len(letters), 8)])
}

// phrase puts a fact into words.
func phrase(ev ireneo.AnyEvent) view.Phrase {
	switch ev.(type) {
	case *debt.Issued:
		return view.Phrase{What: "Issued", Icon: web.Icon("plus")}
	case *debt.Paid:
		return view.Phrase{What: "Paid", Icon: web.Icon("dot")}
	case *debt.Settled:
		return view.Phrase{What: "Settled", Icon: web.Icon("check")}
	default:
		return view.Phrase{}
	}
}

// words writes a field for people.
func words(key string, value any) string {
	switch key {
	case "amount", "paid_amount":
		return money.Format(value.(int64))
	case "status":
		return statusWord(value.(string))
	default:
		return view.Value(key, value)
	}
}
