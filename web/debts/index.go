package debts

import (
	"context"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/web"
)

// list is what the page of all debts shows.
type list struct {
	web.List
	Rows   []projections.DebtRow
	Totals *projections.DebtTotals
	Hints  bool
}

// empty reports whether there is no debt at all.
func (l list) empty() bool { return l.Totals.Count == 0 && !l.Filtered() }

// statuses are the states one can look for.
var statuses = []web.Choice{
	{Status: "", Word: "All"},
	{Status: projections.Open, Word: "Open"},
	{Status: projections.Settled, Word: "Settled"},
	{Status: projections.WrittenOff, Word: "Written off"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []web.Sorting{{Key: "issued_on", Word: "Issued"}, {Key: "customer", Word: "Customer"}, {Key: "outstanding", Word: "Outstanding"}}

// statusWord is what a state is called.
func statusWord(status string) string {
	for _, s := range statuses[1:] {
		if s.Status == status {
			return s.Word
		}
	}
	return ""
}

func listOf(c echo.Context) (web.List, error) {
	return web.ListOf(c, path, projections.ParseDebtSort, projections.Open, projections.Settled, projections.WrittenOff)
}

// index lists the debts: GET /debts?q=&status=&customer=&sort=&after=.
func (p pages) index(c echo.Context) error {
	at, err := listOf(c)
	if err != nil {
		return err
	}
	search := projections.DebtSearch(at.Search())
	found, err := search.Find(c.Request().Context())
	if at, err = web.Page(at, found, err); err != nil {
		return err
	}
	totals, err := search.Totals(c.Request().Context())
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Debts", index(list{List: at, Rows: found.Rows, Totals: totals, Hints: p.Hints}))
}

// export is the list as a table, all of it: GET /debts.csv.
func (p pages) export(c echo.Context) error {
	at, err := listOf(c)
	if err != nil {
		return err
	}
	header := []string{"id", "customer", "status", "issued_on", "last_paid_on", "interest_rate", "lent", "paid", "written_off", "outstanding"}
	return web.Export(c, "debts", header, rows(c.Request().Context(), projections.DebtSearch(at.Search())))
}

func rows(ctx context.Context, search projections.DebtSearch) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for d, err := range search.All(ctx) {
			lastPaid := ""
			if d.LastPaidOn != nil {
				lastPaid = d.LastPaidOn.String()
			}
			if !yield([]string{
				d.ID, d.CustomerName, d.Status, d.IssuedOn.String(), lastPaid, d.InterestRate.String(),
				money.Plain(d.Issued), money.Plain(d.Paid), money.Plain(d.WrittenOff), money.Plain(d.Outstanding),
			}, err) {
				return
			}
		}
	}
}
