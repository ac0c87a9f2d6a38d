package debts

import (
	"math/big"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/civil"
	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/view"
)

// list is what the page of all debts shows.
type list struct {
	Search projections.DebtSearch
	Found  *projections.Found[projections.DebtRow]
	Totals *projections.DebtTotals
	Hints  bool // for whoever develops the application
}

// empty reports whether there is no debt at all.
func (l list) empty() bool { return l.Totals.Count == 0 && !l.filtered() }

// filtered reports whether something is looked for.
func (l list) filtered() bool { return l.Search.Status != "" || l.Search.Text != "" }

// href is the list with another status, from the top.
func (l list) href(status string) templ.SafeURL {
	return href(map[string]string{"status": status, "q": l.Search.Text})
}

// next is the page after this one.
func (l list) next() templ.SafeURL {
	return href(map[string]string{"status": l.Search.Status, "q": l.Search.Text, "after": l.Found.Next})
}

func href(params map[string]string) templ.SafeURL {
	query := url.Values{}
	for key, value := range params {
		if value != "" {
			query.Set(key, value)
		}
	}
	return templ.SafeURL(strings.TrimSuffix("/debts?"+query.Encode(), "?"))
}

// filters are the states one can look for, with their words.
var filters = []struct{ status, word string }{
	{"", "All"}, {projections.Open, "Open"}, {projections.Settled, "Settled"}, {projections.WrittenOff, "Written off"},
}

// detail is what the page of one debt shows.
type detail struct {
	Debt      *history
	Timeline  view.Timeline
	Forms     map[string]*form.Form
	Sent      string // which form came back; empty: none
	Meanwhile *meanwhile
}

// open reports whether anything can still happen to the debt.
func (d detail) open() bool { return d.Debt.Balance.Status == projections.Open }

// offers reports whether a form is shown: where it makes sense, and where it came back.
func (d detail) offers(form string) bool {
	return d.Sent == form || (form == settlement) == (d.Debt.Balance.Outstanding == 0)
}

// action is where a form of the page is sent.
func (d detail) action(to string) templ.SafeURL {
	return templ.SafeURL(path(url.PathEscape(d.Debt.Balance.ID)) + "/" + to)
}

func debtURL(id string) templ.SafeURL { return templ.SafeURL(path(url.PathEscape(id))) }

// day is a date in words.
func day(d civil.Date) string { return d.In(time.UTC).Format("2 Jan 2006") }

func moment(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04 MST") }

// total is a sum of cents of any size.
func total(cents *big.Int) string {
	if cents.IsInt64() {
		return money.Format(cents.Int64())
	}
	digits := cents.String()
	return money.Group(digits[:len(digits)-2]) + "." + digits[len(digits)-2:]
}

// repaid is the part that is no longer outstanding, for a progress bar of 1000.
func repaid(b projections.OutstandingBalance) string {
	if b.Issued == 0 {
		return "0"
	}
	gone := new(big.Int).Mul(big.NewInt(b.Issued-b.Outstanding), big.NewInt(1000))
	return gone.Div(gone, big.NewInt(b.Issued)).String()
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return money.Group(strconv.FormatInt(n, 10)) + " " + many
}
