package view

import (
	"net/url"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo/internal/validation"
	"github.com/ireneo-dev/ireneo/list"
)

// List is what the components of a list's page need of it.
type List struct {
	Path  string // of the page, without its query
	Query list.Query
	Sort  string // the order it is in
	Next  string // where the next page begins; empty on the last one
}

// ListOf is the page of what was found.
func ListOf[R any](path string, asked list.Query, found *list.Found[R]) List {
	return List{Path: path, Query: asked, Sort: found.Sort, Next: found.Next}
}

// Option is one of the values a list can be filtered or sorted by, with its word.
type Option struct{ Value, Word string }

// with is the list with one parameter set otherwise, from its first page; an empty value
// removes it.
func (l List) with(name, value string) templ.SafeURL {
	values := l.Query.Values()
	if values.Set(name, value); value == "" {
		values.Del(name)
	}
	return address(l.Path, values)
}

// first is the first page of the list.
func (l List) first() templ.SafeURL { return address(l.Path, l.Query.Values()) }

// csv is the whole list as a table for spreadsheets.
func (l List) csv() templ.SafeURL { return address(l.Path+".csv", l.Query.Values()) }

func address(path string, values url.Values) templ.SafeURL {
	return templ.SafeURL(strings.TrimSuffix(path+"?"+values.Encode(), "?"))
}

// sorted is what a column's head says of the order: ascending, descending, or nothing.
func (l List) sorted(key string) string {
	switch l.Sort {
	case key:
		return "ascending"
	case "-" + key:
		return "descending"
	default:
		return ""
	}
}

// turned is the sort that a click on a column's head asks for.
func (l List) turned(key string) string {
	if l.Sort == key {
		return "-" + key
	}
	return key
}

// hidden are the parameters that a new search keeps.
func (l List) hidden() []Option {
	var kept []Option
	for name, values := range l.Query.Values() {
		if name != list.TextParam {
			kept = append(kept, Option{name, values[0]})
		}
	}
	return sortedOptions(kept)
}

// others are the filters besides the one that the page shows as links.
func (l List) others(by string) []Option {
	var others []Option
	for name := range l.Query.Filters {
		if name != by {
			others = append(others, Option{name, strings.ToLower(validation.Label(name))})
		}
	}
	return sortedOptions(others)
}

func sortedOptions(options []Option) []Option {
	slices.SortFunc(options, func(a, b Option) int { return strings.Compare(a.Value, b.Value) })
	return options
}
