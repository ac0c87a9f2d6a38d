package debts

import (
	"context"
	"iter"
	"net/http"

	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// listing is what the page of all debts shows.
type listing struct {
	view.List
	Rows []projections.Debt
}

// empty reports whether there is no debt at all.
func (l listing) empty() bool { return len(l.Rows) == 0 && !l.Query.Narrowed() && l.Query.After == "" }

// statuses are the states one can look for.
var statuses = []view.Option{
	{Value: "", Word: "All"},
	{Value: projections.DebtIssued, Word: "Issued"},
	{Value: projections.DebtPaid, Word: "Paid"},
	{Value: projections.DebtSettled, Word: "Settled"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{
	{Value: "amount", Word: "Amount"},
	{Value: "on", Word: "Date"},
	{Value: "status", Word: "Status"},
}

// statusWord is what a state is called.
func statusWord(status string) string {
	for _, s := range statuses[1:] {
		if s.Value == status {
			return s.Word
		}
	}
	return ""
}

// index lists the debts: GET /debts?q=&status=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.DebtList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.DebtList.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Debts", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows}))
}

// export is the list as a table, all of it: GET /debts.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.DebtList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "status", "amount", "on", "settled_on", "paid_amount", "paid_on", "note"}
	return server.SendCSV(c, "debts", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range projections.DebtList.All(ctx, asked) {
			if !yield([]string{
				row.ID, row.Status, money.Plain(row.Amount), row.On.String(),
				optional(row.SettledOn, civil.Date.String), optional(row.PaidAmount, money.Plain),
				optional(row.PaidOn, civil.Date.String), optional(row.Note, func(s string) string { return s }),
			}, err) {
				return
			}
		}
	}
}

// optional writes what may be missing.
func optional[T any](value *T, write func(T) string) string {
	if value == nil {
		return ""
	}
	return write(*value)
}
