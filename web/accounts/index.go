package accounts

import (
	"context"
	"iter"
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/web"
)

// list is what the page of all accounts shows.
type list struct {
	web.List
	Rows  []projections.AccountRow
	Hints bool
}

// empty reports whether there is no account at all.
func (l list) empty() bool { return len(l.Rows) == 0 && l.After == "" && !l.Filtered() }

// statuses are the states one can look for.
var statuses = []web.Choice{
	{Status: "", Word: "All"},
	{Status: projections.Open, Word: "Open"},
	{Status: projections.Closed, Word: "Closed"},
}

// sorts are what a phone offers instead of the heads of columns.
var sorts = []web.Sorting{
	{Key: "name", Word: "Account"},
	{Key: "customer", Word: "Customer"},
	{Key: "balance", Word: "Balance"},
	{Key: "opened_on", Word: "Opened"},
}

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
	return web.ListOf(c, path, projections.ParseAccountSort, projections.Open, projections.Closed)
}

// index lists the accounts: GET /accounts?q=&status=&customer=&sort=&after=.
func (p pages) index(c echo.Context) error {
	at, err := listOf(c)
	if err != nil {
		return err
	}
	found, err := projections.AccountSearch(at.Search()).Find(c.Request().Context())
	if at, err = web.Page(at, found, err); err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Accounts", index(list{List: at, Rows: found.Rows, Hints: p.Hints}))
}

// export is the list as a table, all of it: GET /accounts.csv.
func (p pages) export(c echo.Context) error {
	at, err := listOf(c)
	if err != nil {
		return err
	}
	header := []string{"id", "name", "customer", "status", "opened_on", "last_moved_on", "deposited", "withdrawn", "balance"}
	return web.Export(c, "accounts", header, rows(c.Request().Context(), projections.AccountSearch(at.Search())))
}

func rows(ctx context.Context, search projections.AccountSearch) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for a, err := range search.All(ctx) {
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
