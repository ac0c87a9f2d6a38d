package admin

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

const (
	rowsPerPage = 50
	rowColumns  = 6 // beside the key
)

// rowsPage is some rows of a projection, in the order of their keys.
type rowsPage struct {
	Projection string      `json:"projection"`
	Prefix     string      `json:"prefix"`
	Columns    []rowColumn `json:"columns"`
	Rows       []shownRow  `json:"rows"`
	Pages      rowPager    `json:"pages"`

	why     string // nothing can be shown, or is there
	command string // that would change it
}

type rowColumn struct {
	Path  string `json:"path"`
	Label string `json:"label"`
}

// shownRow is the key of a row and its values in the columns, what is sensitive masked.
type shownRow struct {
	Key    string   `json:"key"`
	Values []string `json:"values"`

	path string // of its page
}

// rowPager is where the other pages of rows are; an empty path is no page.
type rowPager struct {
	First    string `json:"first,omitempty"`
	Previous string `json:"previous,omitempty"`
	Next     string `json:"next,omitempty"`
	Last     string `json:"last,omitempty"`
}

// prefixParam is what the keys begin with; lastParam=1 is the end of the rows.
const (
	prefixParam = "prefix"
	lastParam   = "last"
)

func (a *admin) rows(v *visit) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	if !k.Declared {
		return nil, ireneo.ErrNotMaterialized
	}
	query := v.URL.Query()
	for _, param := range []string{prefixParam, afterParam, beforeParam} {
		if text := query.Get(param); !utf8.ValidString(text) || strings.Contains(text, "\x00") {
			return nil, refusal.BadRequest("%s is no text that a key can have.", param)
		}
	}
	shown := &rowsPage{Projection: k.Name, Prefix: query.Get(prefixParam), Columns: []rowColumn{}, Rows: []shownRow{}}
	q := ireneo.RowQuery{Prefix: shown.Prefix, After: query.Get(afterParam), Limit: rowsPerPage + 1}
	if before := query.Get(beforeParam); before != "" || query.Get(lastParam) == "1" {
		q.After, q.Backwards = before, true
	}
	found, err := a.log.Rows(v.Context(), k.Name, q)
	switch {
	case errors.Is(err, ireneo.ErrPersistsItself):
		shown.why = "Its rows are written by its own PersistWith, so that nobody else knows what they are: look into the table " + k.Table + "."
	case err != nil:
		return nil, err
	default:
		shown.fill(v, q, found)
	}
	if len(shown.Rows) == 0 && shown.why == "" {
		shown.why, shown.command = k.whyNoRows(q)
	}
	return &page{Title: "Rows of " + k.Name, Nav: "/projections", Data: shown, Body: rowsBody(v, k, shown)}, nil
}

// fill shows what was found: at most one row more than fits.
func (p *rowsPage) fill(v *visit, q ireneo.RowQuery, found []ireneo.Row) {
	more := len(found) > rowsPerPage
	found = found[:min(len(found), rowsPerPage)]
	if q.Backwards {
		slices.Reverse(found)
	}
	p.pages(v, q, found, more)

	all := make([][]modelField, len(found))
	for i, r := range found {
		all[i], _ = fieldsOf(r.Model, shownFields)
	}
	p.Columns = columnsOf(found, all)
	for i, r := range found {
		row := shownRow{Key: r.Key, Values: []string{}, path: v.path("projections", p.Projection, "rows", r.Key)}
		for _, c := range p.Columns {
			row.Values = append(row.Values, valueAt(all[i], c.Path))
		}
		p.Rows = append(p.Rows, row)
	}
}

// pages finds the other pages. On the side that was read to, more says; on the other there
// is what the page was asked to begin at.
func (p *rowsPage) pages(v *visit, q ireneo.RowQuery, found []ireneo.Row, more bool) {
	first, last := q.After, q.After
	if len(found) > 0 {
		first, last = found[0].Key, found[len(found)-1].Key
	}
	to := func(param, key string) string {
		return v.with(afterParam, "", beforeParam, "", lastParam, "", param, key)
	}
	if q.Backwards && more || !q.Backwards && q.After != "" {
		p.Pages.First, p.Pages.Previous = to(afterParam, ""), to(beforeParam, first)
	}
	if !q.Backwards && more || q.Backwards && q.After != "" {
		p.Pages.Next, p.Pages.Last = to(afterParam, last), to(lastParam, "1")
	}
}

// columnsOf are the first fields of rows that are one value, without the key.
func columnsOf(found []ireneo.Row, all [][]modelField) []rowColumn {
	columns := []rowColumn{}
	if len(all) == 0 {
		return columns
	}
	key := keyPath(found, all)
	for _, f := range all[0] {
		if f.Path != key && !strings.ContainsAny(f.Path, ".[") && len(columns) < rowColumns {
			columns = append(columns, rowColumn{f.Path, f.Label})
		}
	}
	return columns
}

// keyPath is the first field that is the key in every row.
func keyPath(found []ireneo.Row, all [][]modelField) string {
	for _, f := range all[0] {
		is := true
		for i, r := range found {
			is = is && valueAt(all[i], f.Path) == r.Key
		}
		if is {
			return f.Path
		}
	}
	return ""
}

func valueAt(list []modelField, path string) string {
	for _, f := range list {
		if f.Path == path {
			return f.Value
		}
	}
	return noValue
}

// whyNoRows says why there is nothing on a page of rows, and which command would change it.
func (k keptRows) whyNoRows(q ireneo.RowQuery) (why, command string) {
	switch {
	case q.After != "":
		return "There are no more rows in this direction.", ""
	case q.Prefix != "":
		return "No row has a key that begins with this. Keys tell small letters from capitals.", ""
	case k.Delivery == nil:
		return "There are no rows: nothing was appended to its streams yet.", ""
	case k.Delivery.Condition == "no process":
		return "There are no rows, because no process runs the projection.", "work"
	case k.Delivery.Behind > 0:
		return "There are no rows yet: the projection is behind. Its page says why.", "projections status " + k.Name
	default:
		return "There are no rows: no event so far asks for one.", ""
	}
}
