package view

import (
	"reflect"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Change is one field that differs between two states.
type Change struct {
	Label         string // the field in words
	Before, After string // empty where there was, or is, nothing
}

// Diff compares two pointers to structs of one type, field by field, in the order of
// the fields. format writes a value, by the field's key (its JSON key, or its name in
// snake case), and answers with nothing where there is nothing to show; nil is the func
// Value. A nil pointer is nothing. Fields that are written alike before and
// after are left out.
func Diff[M any](before, after *M, format func(key string, value any) string) []Change {
	var changes []Change
	for _, f := range reflect.VisibleFields(reflect.TypeFor[M]()) {
		if !f.IsExported() || f.Anonymous {
			continue
		}
		b := written(format, f, reflect.ValueOf(before).Elem())
		if a := written(format, f, reflect.ValueOf(after).Elem()); a != b {
			changes = append(changes, Change{Label: validation.LabelOf(f), Before: b, After: a})
		}
	}
	return changes
}
