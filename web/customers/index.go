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
	"github.com/ireneo-dev/ireneo/web"
)

// list is what the page of all customers shows.
type list struct {
	web.List
	Rows  []projections.CustomerRow
	Hints bool
}

// empty reports whether there is no customer at all.
func (l list) empty() bool { return len(l.Rows) == 0 && l.After == "" && !l.Filtered() }

// sorts are what a phone offers instead of the heads of columns.
var sorts = []web.Sorting{{Key: "name", Word: "Name"}, {Key: "registered_on", Word: "Customer since"}}

func listOf(c echo.Context) (web.List, error) {
	return web.ListOf(c, path, projections.ParseCustomerSort)
}

// index lists the customers: GET /customers?q=&sort=&after=.
func (p pages) index(c echo.Context) error {
	at, err := listOf(c)
	if err != nil {
		return err
	}
	found, err := projections.CustomerSearch(at.Search()).Find(c.Request().Context())
	if at, err = web.Page(at, found, err); err != nil {
		return err
	}
	return p.Render(c, http.StatusOK, "Customers", index(list{List: at, Rows: found.Rows, Hints: p.Hints}))
}

// export is the list as a table, all of it: GET /customers.csv.
func (p pages) export(c echo.Context) error {
	at, err := listOf(c)
	if err != nil {
		return err
	}
	header := []string{"id", "name", "email", "phone", "registered_on", "open_debts", "outstanding"}
	return web.Export(c, "customers", header, rows(c.Request().Context(), projections.CustomerSearch(at.Search())))
}

func rows(ctx context.Context, search projections.CustomerSearch) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for row, err := range search.All(ctx) {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield([]string{
				row.ID, row.Name, row.Email, row.Phone, row.RegisteredOn.String(),
				strconv.FormatInt(row.OpenDebts, 10), plain(row.Outstanding),
			}, nil) {
				return
			}
		}
	}
}

// plain writes a sum for programs, as 1234.56.
func plain(cents *big.Int) string { return strings.ReplaceAll(web.Total(cents), ",", "") }
