package view

import (
	"net/url"
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// Choice reads a query parameter that may be one of a few values; the first of them is
// taken where it is missing. The error for any other says what there is; the server
// answers it with 400.
func Choice(query url.Values, name string, allowed ...string) (string, error) {
	value := query.Get(name)
	switch {
	case value == "":
		return allowed[0], nil
	case slices.Contains(allowed, value):
		return value, nil
	default:
		named := slices.DeleteFunc(slices.Clone(allowed), func(a string) bool { return a == "" })
		return "", refusal.BadRequest("There is no such %s. Use one of: %s.", name, strings.Join(named, ", "))
	}
}
