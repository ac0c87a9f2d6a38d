package form

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/text"
	"github.com/ireneo-dev/ireneo/internal/validation"
)

// table is what forms need to know of a type of events or commands. It never changes.
type table struct {
	goType reflect.Type
	name   string // the stored name, fit for ids
	fields []*field
	err    error // mistake in the declaration
}

// field is one field of an event or command that can be typed.
type field struct {
	key, label string
	index      []int
	pointer    bool // nil where nothing was typed
	kind       kind
	required   bool
	rules      rules
}

// reservedKeys are never read from a form, whether an event declares them or not: they
// are what the log says of an event. The generators refuse the same names.
var reservedKeys = []string{
	"id", "event_id", "type", "stream", "stream_id", "version", "position", "actor",
	"recorded_at", "occurred_at", "meta", "data",
}

// tables keeps the table of every type met, by reflect.Type: a cache, as
// encoding/json has one.
var tables sync.Map

func tableOf(t reflect.Type) *table {
	if known, ok := tables.Load(t); ok {
		return known.(*table)
	}
	made, _ := tables.LoadOrStore(t, newTable(t))
	return made.(*table)
}

func newTable(t reflect.Type) *table {
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return &table{err: fmt.Errorf("form of %v: want a pointer to a struct that embeds ireneo.Event or ireneo.Command", t)}
	}
	made := &table{goType: t.Elem(), name: formName(t.Elem())}
	for _, f := range reflect.VisibleFields(t.Elem()) {
		if !typable(t.Elem(), f) {
			continue
		}
		fl, err := newField(f)
		switch {
		case err != nil:
			made.err = fmt.Errorf("form of %s: %w", t.Elem(), err)
		case fl == nil:
		case made.find(fl.key) != nil:
			made.err = fmt.Errorf("form of %s: two fields have the JSON key %s", t.Elem(), fl.key)
		default:
			made.fields = append(made.fields, fl)
		}
	}
	return made
}

// formName is the stored name on the embedded Event or Command: debt.issued becomes
// debt-issued.
func formName(t reflect.Type) string {
	for _, part := range []reflect.Type{reflect.TypeFor[ireneo.Event](), reflect.TypeFor[ireneo.Command]()} {
		if f, ok := t.FieldByName(part.Name()); ok && f.Type == part && f.Tag.Get("name") != "" {
			return strings.ReplaceAll(f.Tag.Get("name"), ".", "-")
		}
	}
	return "form"
}

// typable reports whether a field is on the allow-list. What lies behind an embedded
// pointer, or within an embedded struct that has a key of its own, is not.
func typable(t reflect.Type, f reflect.StructField) bool {
	key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if !f.IsExported() || f.Anonymous || key == "-" || f.Tag.Get("form") == "-" || slices.Contains(reservedKeys, validation.Key(f)) {
		return false
	}
	for i := 1; i < len(f.Index); i++ {
		outer := t.FieldByIndex(f.Index[:i])
		if tag, _, _ := strings.Cut(outer.Tag.Get("json"), ","); outer.Type.Kind() == reflect.Pointer || tag != "" {
			return false
		}
	}
	return true
}

// newField is nil where a form has no input for the field's type.
func newField(f reflect.StructField) (*field, error) {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	k, err := kindOf(t, f.Tag.Get("form"))
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", f.Name, err)
	}
	if k == nil {
		return nil, nil
	}

	fl := &field{key: validation.Key(f), label: validation.LabelOf(f), index: f.Index, kind: k, pointer: f.Type.Kind() == reflect.Pointer}
	fl.rules = rulesOf(f.Tag.Get("validate"), t.Kind())
	_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
	omitted := fl.pointer || strings.Contains(options, "omit") || fl.rules.omitempty
	switch k.(type) {
	case line, many, box:
		fl.required = fl.rules.required || !omitted && fl.rules.filled
	default:
		fl.required = fl.rules.required || !omitted
	}
	return fl, nil
}

// find returns the field with a key, nil where there is none.
func (t *table) find(key string) *field {
	for _, fl := range t.fields {
		if fl.key == key {
			return fl
		}
	}
	return nil
}

const missing = "is required"

// isText reports whether the event can hold that nothing was typed.
func (fl *field) isText() bool {
	switch fl.kind.(type) {
	case line, many:
		return fl.rules.choices == nil
	default:
		return false
	}
}

// show is the field's value as it is put into an input, nothing where it is zero.
func (fl *field) show(ev reflect.Value) string {
	v := ev.Elem().FieldByIndex(fl.index)
	switch {
	case v.IsZero():
		return ""
	case fl.pointer:
		return fl.kind.show(v.Elem())
	default:
		return fl.kind.show(v)
	}
}

// fill sets the field of an event to what was sent, to zero where that cannot be read,
// and says why it cannot.
func (fl *field) fill(ev reflect.Value, s sent) (problem string) {
	v := ev.FieldByIndex(fl.index)
	v.SetZero()
	if s.broken {
		return "has characters that cannot be stored"
	}
	if problem := text.Bad(s.text); problem != "" {
		return problem
	}
	if s.literal != typed && !fl.kind.takes(s.literal) {
		return fl.kind.wrong(s.literal)
	}

	typed := fl.kind.tidy(s.text)
	if strings.TrimSpace(typed) == "" {
		if fl.required {
			return missing
		}
		return ""
	}
	if fl.rules.choices != nil && !slices.Contains(fl.rules.choices, typed) {
		return "must be one of " + strings.Join(fl.rules.choices, ", ")
	}
	return fl.parse(typed, v)
}

func (fl *field) parse(typed string, v reflect.Value) (problem string) {
	if !fl.pointer {
		return fl.kind.parse(typed, v)
	}
	value := reflect.New(v.Type().Elem())
	if problem := fl.kind.parse(typed, value.Elem()); problem != "" {
		return problem
	}
	v.Set(value)
	return ""
}
