package debts

import (
	"context"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// listing is what the page of all debts shows.
type listing struct {
	view.List
	Rows   []projections.DebtRow
	Totals *projections.DebtTotals
	Hints  bool
}

// empty reports whether there is no debt at all.
func (l listing) empty() bool { return l.Totals.Count == 0 && !l.Query.Narrowed() }

// statuses are the states one can look for.
var statuses = []view.Option{
	{Value: "", Word: "All"},
	{Value: projections.Open, Word: "Open"},
	{Value: projections.Settled, Word: "Settled"},
	{Value: projections.WrittenOff, Word: "Written off"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{{Value: "issued_on", Word: "Issued"}, {Value: "customer", Word: "Customer"}, {Value: "outstanding", Word: "Outstanding"}}

// index lists the debts: GET /debts?q=&status=&customer=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.Debts.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.Debts.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	totals, err := projections.TotalsOf(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Debts", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows, Totals: totals, Hints: p.Hints}))
}

// export is the list as a table, all of it: GET /debts.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.Debts.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "customer", "status", "issued_on", "last_paid_on", "interest_rate", "lent", "paid", "written_off", "outstanding"}
	return server.SendCSV(c, "debts", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for d, err := range projections.Debts.All(ctx, asked) {
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
