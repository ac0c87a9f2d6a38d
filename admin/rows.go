package admin

import (
	"errors"
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo"
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
	Pages      keyPager    `json:"pages"`

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

func (a *admin) rows(v *visit) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	if !k.Declared {
		return nil, ireneo.ErrNotMaterialized
	}
	r, err := v.keyRange()
	if err != nil {
		return nil, err
	}
	shown := &rowsPage{Projection: k.Name, Prefix: r.prefix, Columns: []rowColumn{}, Rows: []shownRow{}}
	q := ireneo.RowQuery{Prefix: r.prefix, After: r.from, Backwards: r.backwards, Limit: rowsPerPage + 1}
	found, err := a.log.Rows(v.Context(), k.Name, q)
	switch {
	case errors.Is(err, ireneo.ErrPersistsItself):
		shown.why = "Its rows are written by its own PersistWith, so that nobody else knows what they are: look into the table " + k.Table + "."
	case err != nil:
		return nil, err
	default:
		shown.fill(v, r, found)
	}
	if len(shown.Rows) == 0 && shown.why == "" {
		shown.why, shown.command = k.whyNoRows(r)
	}
	return &page{Title: "Rows of " + k.Name, Nav: "/projections", Data: shown, Body: rowsBody(v, k, shown)}, nil
}

// fill shows what was found: at most one row more than fits.
func (p *rowsPage) fill(v *visit, r keyRange, found []ireneo.Row) {
	more := len(found) > rowsPerPage
	found = found[:min(len(found), rowsPerPage)]
	if r.backwards {
		slices.Reverse(found)
	}
	keys := []string{}
	for _, r := range found {
		keys = append(keys, r.Key)
	}
	p.Pages = v.keyPager(r, keys, more)

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
func (k keptRows) whyNoRows(r keyRange) (why, command string) {
	switch {
	case r.from != "":
		return "There are no more rows in this direction.", ""
	case r.prefix != "":
		return "No row has a key that begins with this. Keys tell small letters from capitals.", ""
	case k.Delivery == nil:
		return "There are no rows: nothing was appended to its streams yet.", ""
	case k.Delivery.Condition == "waiting":
		return "There are no rows, because no process runs the projection.", "work"
	case k.Delivery.Behind > 0:
		return "There are no rows yet: the projection is behind. Its page says why.", "projections status " + k.Name
	default:
		return "There are no rows: no event so far asks for one.", ""
	}
}
