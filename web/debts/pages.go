// Package debts has the pages about debts: the list, the form that issues one, and the
// page of one debt with its history and what can be done next.
package debts

import (
	"errors"
	"net/http"
	"strings"
	"time"
	"unicode"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// Pages answers the requests about debts. It is safe for concurrent use.
type Pages struct {
	Site  *web.Site
	Now   func() time.Time
	Hints bool // tell whoever develops the application what to try
}

// Index lists the debts: GET /debts?status=&q=&after=.
func (p Pages) Index(c echo.Context) error {
	search, err := searchOf(c)
	if err != nil {
		return err
	}
	found, err := search.Find(c.Request().Context())
	if errors.Is(err, projections.ErrBadCursor) {
		return echo.NewHTTPError(http.StatusBadRequest, "There is no such page of the list. Begin at its first page.")
	}
	if err != nil {
		return err
	}
	totals, err := search.Totals(c.Request().Context())
	if err != nil {
		return err
	}
	return p.Site.Render(c, http.StatusOK, "Debts", index(list{Search: search, Found: found, Totals: totals, Hints: p.Hints}))
}

// searchOf takes from the query what it allows. A filter that does not exist is answered
// with 400 rather than with another list.
func searchOf(c echo.Context) (projections.DebtSearch, error) {
	s := projections.DebtSearch{Text: clean(c.QueryParam("q")), After: c.QueryParam("after")}
	switch status := c.QueryParam("status"); status {
	case "", projections.Open, projections.Settled, projections.WrittenOff:
		s.Status = status
	default:
		return s, echo.NewHTTPError(http.StatusBadRequest, "There is no such status. Use open, settled or written_off.")
	}
	return s, nil
}

// maxSearch is the greatest length of what can be searched for, in bytes.
const maxSearch = 255

// clean keeps of a text what a database can compare.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.TrimSpace(text))
	return strings.ToValidUTF8(text[:min(len(text), maxSearch)], "")
}

// New shows the form that issues a debt: GET /debts/new.
func (p Pages) New(c echo.Context) error {
	f := form.New(&debt.Issued{On: p.today()})
	f.Name = issuing
	f.Set("interest_rate", "0")
	return p.Site.Render(c, http.StatusOK, "Issue a debt", issueForm(f))
}

// Show shows one debt, at any moment: GET /debts/:id?version=&at=&as_of=.
func (p Pages) Show(c echo.Context) error {
	moment, err := view.MomentOf(c.QueryParams())
	if err != nil {
		return echo.NewHTTPError(http.StatusBadRequest, err.Error())
	}
	return p.show(c, http.StatusOK, moment, nil, nil)
}

// show shows one debt at a moment. sent, if not nil, takes the place of the empty form it came
// from; meanwhile, if not nil, says why it was not accepted.
func (p Pages) show(c echo.Context, status int, m view.Moment, sent *form.Form, meanwhile *meanwhile) error {
	d, err := load(c.Request().Context(), c.Param("id"), m)
	if err != nil {
		return err
	}
	line, err := timeline(c.Request().Context(), d, m)
	if err != nil {
		return err
	}
	page := detail{Debt: d, Timeline: line, Meanwhile: meanwhile, Forms: map[string]*form.Form{
		payment:    form.New(&debt.PaymentReceived{On: p.today()}),
		writeOff:   form.New(&debt.WrittenOff{On: p.today()}),
		settlement: form.New(&debt.Settled{On: p.today()}),
	}}
	if sent != nil {
		page.Forms[sent.Name], page.Sent = sent, sent.Name
	}
	for name, f := range page.Forms {
		f.Name = name
		f.SetVersion(d.Version)
	}
	return p.Site.Render(c, status, d.CustomerName, show(page))
}

func (p Pages) today() civil.Date { return civil.DateOf(p.Now().UTC()) }

// checkDay refuses days that have not come yet anywhere on earth: they are mistyped,
// and a fact in the future would make every later one look late.
func (p Pages) checkDay(f *form.Form, on civil.Date) {
	if on.After(p.today().AddDays(1)) {
		f.Add("on", "is in the future")
	}
}

// badForm answers forms that are not from our pages.
func badForm(err error) error {
	switch {
	case errors.Is(err, form.ErrMalformed):
		return echo.NewHTTPError(http.StatusBadRequest, "The form is incomplete. Open the page again and fill it in there.").SetInternal(err)
	case errors.Is(err, form.ErrMediaType):
		return echo.NewHTTPError(http.StatusUnsupportedMediaType, "This is no form. Open the page and fill it in there.").SetInternal(err)
	default:
		return err
	}
}
