package web

import (
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// List is the address of a list: what is looked for, in which order, and where the page
// begins.
type List struct {
	Path     string // such as /debts
	Text     string
	Status   string
	Customer string // the id of one
	After    string
	Next     string // where the next page begins, once it is known

	Sort  projections.Sort // as it is
	asked string           // as it was asked for; empty: the usual one
}

// ListOf reads ?q=, ?status=, ?customer=, ?sort= and ?after= of a list. A status that is
// not among those given, or a sort that parse refuses, is answered with 400 rather than
// with another list.
func ListOf(c echo.Context, path string, parse func(string) (projections.Sort, error), statuses ...string) (List, error) {
	l := List{
		Path: path, Text: clean(c.QueryParam("q")), Customer: clean(c.QueryParam("customer")),
		After: clean(c.QueryParam("after")), asked: c.QueryParam("sort"),
	}
	var err error
	if l.Status, err = view.Choice(c.QueryParams(), "status", append([]string{""}, statuses...)...); err != nil {
		return l, err
	}
	l.Sort, err = parse(l.asked)
	return l, refused(err)
}

// Search is what the list looks for.
func (l List) Search() projections.Search {
	return projections.Search{Text: l.Text, Status: l.Status, CustomerID: l.Customer, Sort: l.Sort, After: l.After}
}

// Page is the list with its next page, from what was found.
func Page[R any](l List, found *projections.Found[R], err error) (List, error) {
	if err != nil {
		return l, refused(err)
	}
	l.Next = found.Next
	return l, nil
}

// refused says of a search for what does not exist that it was the client's.
func refused(err error) error {
	switch {
	case errors.Is(err, projections.ErrBadSort):
		return echo.NewHTTPError(http.StatusBadRequest, "The list cannot be sorted by that. Use the heads of its columns.")
	case errors.Is(err, projections.ErrBadCursor):
		return echo.NewHTTPError(http.StatusBadRequest, "There is no such page of the list. Begin at its first page.")
	default:
		return err
	}
}

// Filtered reports whether something is looked for.
func (l List) Filtered() bool { return l.Text != "" || l.Status != "" || l.Customer != "" }

// query is the list's own query, from its first page.
func (l List) query() url.Values {
	q := url.Values{}
	for key, value := range map[string]string{"q": l.Text, "status": l.Status, "customer": l.Customer, "sort": l.asked} {
		if value != "" {
			q.Set(key, value)
		}
	}
	return q
}

// with is the list with one parameter set otherwise, from its first page.
func (l List) with(key, value string) templ.SafeURL {
	q := l.query()
	if q.Set(key, value); value == "" {
		q.Del(key)
	}
	return address(l.Path, q)
}

// first is the first page of the list.
func (l List) first() templ.SafeURL { return address(l.Path, l.query()) }

// export is the list as a table for spreadsheets.
func (l List) export() templ.SafeURL { return address(l.Path+".csv", l.query()) }

func address(path string, q url.Values) templ.SafeURL {
	return templ.SafeURL(strings.TrimSuffix(path+"?"+q.Encode(), "?"))
}

// sorted is what a column's head says of it: ascending, descending, or nothing.
func (l List) sorted(key string) string {
	switch {
	case l.Sort.Key != key:
		return ""
	case l.Sort.Desc:
		return "descending"
	default:
		return "ascending"
	}
}

// turned is the sort that a click on a column's head asks for.
func (l List) turned(key string) string {
	return projections.Sort{Key: key, Desc: l.Sort.Key == key && !l.Sort.Desc}.String()
}

// maxText is the greatest length of what can be looked for, in bytes.
const maxText = 255

// clean keeps of a text what a database can compare.
func clean(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.TrimSpace(text))
	return strings.ToValidUTF8(text[:min(len(text), maxText)], "")
}

// Export answers with a table for spreadsheets.
func Export(c echo.Context, name string, header []string, rows iter.Seq2[[]string, error]) error {
	file, err := server.NewDownload(c, name+".csv", "text/csv; charset=utf-8")
	if err != nil {
		return err
	}
	defer file.Close()
	return view.WriteCSV(file, header, rows)
}
