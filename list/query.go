package list

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// Query is what is asked of a list. The zero value asks for its first page, whole and in
// its usual order.
type Query struct {
	Text    string            // looked for in the columns of Search
	Filters map[string]string // by the names of the query parameters
	Sort    string            // one of Sorts, with a minus in front for the greatest first; empty: the usual one
	After   string            // Next of the page before
	Limit   int               // rows a page, from 1 to 200; others mean 50. It is never read from an address
}

// The query parameters of every list. Filters have names of their own.
const (
	TextParam  = "q"
	SortParam  = "sort"
	AfterParam = "after"
)

// Read takes from the query of an address what is asked of the list. A parameter, a value
// of a filter or a sort that it does not have is an error that the server answers with
// 400, rather than with another list.
func (l Rows[R]) Read(values url.Values) (Query, error) {
	q := Query{Text: clean(values.Get(TextParam)), Sort: values.Get(SortParam), After: values.Get(AfterParam), Filters: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains([]string{TextParam, SortParam, AfterParam}, name) {
			continue
		}
		f, ok := l.Filters[name]
		if !ok {
			return Query{}, noFilter(name)
		}
		value := clean(values.Get(name))
		if value == "" {
			continue
		}
		if err := f.check(name, value); err != nil {
			return Query{}, err
		}
		q.Filters[name] = value
	}
	_, _, err := l.sortOf(q)
	return q, err
}

func noFilter(name string) error {
	return refusal.BadRequest("The list has no filter %s.", clean(name))
}

func (f Filter) check(name, value string) error {
	if f.Allowed != nil && !slices.Contains(f.Allowed, value) {
		return refusal.BadRequest("There is no such %s. Use one of: %s.", name, strings.Join(f.Allowed, ", "))
	}
	return nil
}

// Values are the parameters that ask for the list from its first page.
func (q Query) Values() url.Values {
	values := url.Values{}
	for name, value := range q.Filters {
		values.Set(name, value)
	}
	if q.Text != "" {
		values.Set(TextParam, q.Text)
	}
	if q.Sort != "" {
		values.Set(SortParam, q.Sort)
	}
	return values
}

// Narrowed reports whether less than everything is asked for.
func (q Query) Narrowed() bool { return q.Text != "" || len(q.Filters) > 0 }

// maxText is the greatest length of what can be looked for, in bytes.
const maxText = 255

// clean keeps of a text what a database can compare.
func clean(text string) string {
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text))
	text = strings.ToValidUTF8(text[:min(len(text), maxText)], "")
	return strings.TrimSpace(text) // it may have been cut behind a space
}
