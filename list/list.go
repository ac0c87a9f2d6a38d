// Package list reads rows of read models page by page: searched, filtered and sorted by
// what is declared and nothing else, and without offsets, so that a page far down costs
// what the first one does.
//
//	var Debts = list.Rows[DebtRow]{
//		Query:   func(ctx context.Context) (*gorm.DB, error) { return OutstandingBalances.Query(ctx) },
//		ID:      list.Text("id", func(r *DebtRow) string { return r.ID }),
//		Search:  []string{"name_key"},
//		Filters: map[string]list.Filter{"status": {Column: "status", Allowed: []string{"open", "settled"}}},
//		Sorts: map[string]list.Column[DebtRow]{
//			"issued_on": list.Date("issued_on", func(r *DebtRow) civil.Date { return r.IssuedOn }),
//		},
//		Usual: "-issued_on",
//	}
//
//	asked, err := Debts.Read(c.QueryParams()) // ?q=&status=&sort=&after=
//	found, err := Debts.Find(ctx, asked)
//
// Keyset paging is described at https://use-the-index-luke.com/no-offset.
package list

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// Rows says how the rows of one kind are found, sorted and paged through. It is declared
// once, never changed, and safe for concurrent use. What is in it goes into SQL as it is;
// what people ask for never does.
type Rows[R any] struct {
	// Query begins the query of the rows, with all that is joined to them.
	Query func(ctx context.Context) (*gorm.DB, error)

	// ID is the column that tells rows apart. Rows with equal values are sorted by it.
	ID Column[R]

	// Search are the columns that ?q= is looked for in, anywhere and in any case. They
	// hold text in lower case. Empty: there is nothing to search.
	Search []string

	// Filters are the query parameters that narrow the list.
	Filters map[string]Filter

	// Sorts are what ?sort= may be, each also with a minus in front for the greatest first.
	Sorts map[string]Column[R]

	// Usual is the sort where none is asked for.
	Usual string
}

// Filter is a query parameter that a column has to be equal to.
type Filter struct {
	Column  string
	Allowed []string // the values there are; nil: any
}

// Found is one page of a list.
type Found[R any] struct {
	Rows []R
	Sort string // in which order they are
	Next string // where the next page begins, for Query.After; empty on the last one
}

const (
	defaultLimit = 50
	maxLimit     = 200
	exportLimit  = 10_000 // rows in memory at a time when all are read
)

// Find reads one page. A query that asks for what is not declared, or for a page that the
// list does not have, is an error that the server answers with 400.
func (l Rows[R]) Find(ctx context.Context, q Query) (*Found[R], error) {
	limit := q.Limit
	if limit < 1 || limit > maxLimit {
		limit = defaultLimit
	}
	return l.page(ctx, q, limit)
}

// All yields all rows that are asked for in their order, whatever After and Limit say,
// and reads them in pages. A row whose place in the order changes meanwhile may come
// twice or not at all. An error is yielded once, as the last pair.
func (l Rows[R]) All(ctx context.Context, q Query) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		q.After = ""
		for more := true; more; more = q.After != "" {
			found, err := l.page(ctx, q, exportLimit)
			if err != nil {
				yield(*new(R), err)
				return
			}
			for _, row := range found.Rows {
				if !yield(row, nil) {
					return
				}
			}
			q.After = found.Next
		}
	}
}

// Where is the query of all rows that are asked for, in no order, for sums and counts.
func (l Rows[R]) Where(ctx context.Context, q Query) (*gorm.DB, error) {
	db, err := l.Query(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(q.Filters)) {
		f, ok := l.Filters[name]
		if !ok {
			return nil, noFilter(name)
		}
		if err := f.check(name, q.Filters[name]); err != nil {
			return nil, err
		}
		db = db.Where(f.Column+" = ?", q.Filters[name])
	}
	if q.Text == "" || len(l.Search) == 0 {
		return db, nil
	}

	var conditions []string
	var patterns []any
	for _, column := range l.Search {
		conditions = append(conditions, column+` LIKE ? ESCAPE '\'`)
		patterns = append(patterns, "%"+likeEscaper.Replace(strings.ToLower(q.Text))+"%")
	}
	return db.Where("("+strings.Join(conditions, " OR ")+")", patterns...), nil
}

// likeEscaper takes the meaning from what is special in a LIKE pattern.
var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// page reads the rows after a cursor, or the first ones where it is empty.
func (l Rows[R]) page(ctx context.Context, q Query, limit int) (*Found[R], error) {
	sort, column, err := l.sortOf(q)
	if err != nil {
		return nil, err
	}
	db, err := l.Where(ctx, q)
	if err != nil {
		return nil, err
	}
	direction, beyond := "ASC", ">"
	if strings.HasPrefix(sort, "-") {
		direction, beyond = "DESC", "<"
	}
	if q.After != "" {
		place, err := l.placeOf(q.After, sort, column)
		if err != nil {
			return nil, err
		}
		db = db.Where(fmt.Sprintf("(%s, %s) %s (?, ?)", column.sql, l.ID.sql, beyond), place...)
	}

	var rows []R
	order := fmt.Sprintf("%s %s, %s %s", column.sql, direction, l.ID.sql, direction)
	if err := db.Order(order).Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list: %w", err)
	}
	if len(rows) <= limit {
		return &Found[R]{Rows: rows, Sort: sort}, nil
	}
	rows = rows[:limit] // the row too many told that there is a next page
	next, err := cursor(sort, column.write(&rows[limit-1]), l.ID.write(&rows[limit-1]))
	return &Found[R]{Rows: rows, Sort: sort, Next: next}, err
}

// sortOf is the sort that is asked for, or the usual one, with its column.
func (l Rows[R]) sortOf(q Query) (string, Column[R], error) {
	sort := q.Sort
	if sort == "" {
		sort = l.Usual
	}
	column, ok := l.Sorts[strings.TrimPrefix(sort, "-")]
	if !ok {
		keys := slices.Sorted(maps.Keys(l.Sorts))
		return "", column, refusal.BadRequest("The list cannot be sorted by that. Use one of: %s.", strings.Join(keys, ", "))
	}
	return sort, column, nil
}

// placeOf reads where a page begins: a value of the sort's column, and an id.
func (l Rows[R]) placeOf(after, sort string, column Column[R]) ([]any, error) {
	noPage := refusal.BadRequest("There is no such page of the list. Begin at its first page.")
	values, ok := readCursor(after, sort)
	if !ok {
		return nil, noPage
	}
	value, err := column.read(values[0])
	if err != nil {
		return nil, noPage
	}
	id, err := l.ID.read(values[1])
	if err != nil {
		return nil, noPage
	}
	return []any{value, id}, nil
}
