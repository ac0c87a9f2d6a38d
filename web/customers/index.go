package customers

import (
	"context"
	"iter"
	"math/big"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
	"github.com/ireneo-dev/ireneo/web"
)

// listing is what the page of all customers shows.
type listing struct {
	view.List
	Rows  []projections.CustomerRow
	Hints bool
}

// empty reports whether there is no customer at all.
func (l listing) empty() bool { return len(l.Rows) == 0 && l.Query.After == "" && !l.Query.Narrowed() }

// sorts are what a phone offers instead of the heads of columns.
var sorts = []view.Option{{Value: "name", Word: "Name"}, {Value: "registered_on", Word: "Customer since"}}

// index lists the customers: GET /customers?q=&sort=&after=.
func (p pages) index(c echo.Context) error {
	asked, err := projections.CustomerList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	found, err := projections.CustomerList.Find(c.Request().Context(), asked)
	if err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Customers", index(listing{List: view.ListOf(path, asked, found), Rows: found.Rows, Hints: p.Hints}))
}

// export is the list as a table, all of it: GET /customers.csv.
func (p pages) export(c echo.Context) error {
	asked, err := projections.CustomerList.Read(c.QueryParams())
	if err != nil {
		return err
	}
	header := []string{"id", "name", "email", "phone", "registered_on", "open_debts", "outstanding"}
	return server.SendCSV(c, "customers", header, rows(c.Request().Context(), asked))
}

func rows(ctx context.Context, asked list.Query) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range projections.CustomerList.All(ctx, asked) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield([]string{
				row.ID, row.Name, row.Email, row.Phone, row.RegisteredOn.String(),
				strconv.FormatInt(row.OpenDebts, 10), plain(row.Outstanding()),
			}, nil) {
				return
			}
		}
	}
}

// plain writes a sum for programs, as 1234.56.
func plain(cents *big.Int) string { return strings.ReplaceAll(web.Total(cents), ",", "") }
