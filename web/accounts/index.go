package accounts

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

// listing is what the page of all accounts shows.
type listing struct {
	view.List
	Rows  []projections.AccountRow
	Hints bool
}

// empty reports whether there is no account at all.
func (l listing) empty() bool { return len(l.Rows) == 0 && l.Query.After == "" && !l.Query.Narrowed() }

// statuses are the states one can look for.
var statuses = []view.Option{
	{Value: "", Word: "All"},
	{Value: projections.Open, Word: "Open"},
	{Value: projections.Closed, Word: "Closed"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{
	{Value: "name", Word: "Account"},
	{Value: "customer", Word: "Customer"},
	{Value: "balance", Word: "Balance"},
	{Value: "opened_on", Word: "Opened"},
}

// index lists the accounts: GET /accounts?q=&status=&customer=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.Accounts.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.Accounts.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Accounts", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows, Hints: p.Hints}))
}

// export is the list as a table, all of it: GET /accounts.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.Accounts.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "name", "customer", "status", "opened_on", "last_moved_on", "deposited", "withdrawn", "balance"}
	return server.SendCSV(c, "accounts", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for a, err := range projections.Accounts.All(ctx, asked) {
			lastMoved := ""
			if a.LastMovedOn != nil {
				lastMoved = a.LastMovedOn.String()
			}
			if !yield([]string{
				a.ID, a.Name, a.CustomerName, a.Status, a.OpenedOn.String(), lastMoved,
				money.Plain(a.Deposited), money.Plain(a.Withdrawn), money.Plain(a.Balance),
			}, err) {
				return
			}
		}
	}
}
