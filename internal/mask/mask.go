// Package mask prints structs without their secrets: fields tagged
// sensitive:"true" are masked, long values are cut, unexported and embedded
// machinery is left out.
package mask

import (
	"encoding"
	"fmt"
	"log/slog"
	"reflect"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Masked stands in for the value of a sensitive field.
const Masked = "[masked]"

const (
	maxText     = 100 // runes of one value
	maxElements = 10  // elements of one list or map
	maxDepth    = 5   // structs within structs
)

// String prints a struct, or a pointer to one, as name{key: value, …}.
func String(name string, v any) string {
	return name + text(reflect.ValueOf(v), 0)
}

// Value is the same for slog: a group with one attribute a field.
func Value(name string, v any) slog.Value {
	attrs := []slog.Attr{slog.String("event", name)}
	rv := indirect(reflect.ValueOf(v))
	if rv.Kind() != reflect.Struct {
		return slog.GroupValue(attrs...)
	}
	for f, field := range fields(rv) {
		attrs = append(attrs, slog.String(validation.Key(f), fieldText(f, field, 0)))
	}
	return slog.GroupValue(attrs...)
}

// fields yields what may be shown of a struct, embedded structs' fields included.
func fields(rv reflect.Value) func(yield func(reflect.StructField, reflect.Value) bool) {
	return func(yield func(reflect.StructField, reflect.Value) bool) {
		for _, f := range reflect.VisibleFields(rv.Type()) {
			if !f.IsExported() || f.Anonymous && indirectType(f.Type).Kind() == reflect.Struct {
				continue
			}
			value, err := rv.FieldByIndexErr(f.Index)
			if err != nil { // promoted through a nil pointer
				continue
			}
			if !yield(f, value) {
				return
			}
		}
	}
}

func fieldText(f reflect.StructField, v reflect.Value, depth int) string {
	if f.Tag.Get("sensitive") == "true" {
		return Masked
	}
	return text(v, depth)
}

func text(v reflect.Value, depth int) string {
	v = indirect(v)
	if !v.IsValid() {
		return "nil"
	}
	if s, ok := ownText(v); ok {
		return cut(s)
	}

	switch v.Kind() {
	case reflect.Struct:
		return structText(v, depth)
	case reflect.Slice, reflect.Array:
		return listText(v, depth)
	case reflect.Map:
		return fmt.Sprintf("map[%d]", v.Len())
	case reflect.String:
		return cut(v.String())
	default:
		return cut(fmt.Sprint(v))
	}
}

// ownText is what times, decimals, ids and the like print themselves as.
func ownText(v reflect.Value) (string, bool) {
	if !v.CanInterface() {
		return "", false
	}
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return "", false
	}
	b, err := m.MarshalText()
	return string(b), err == nil
}

func structText(v reflect.Value, depth int) string {
	if depth == maxDepth {
		return "{…}"
	}
	var parts []string
	for f, field := range fields(v) {
		parts = append(parts, validation.Key(f)+": "+fieldText(f, field, depth+1))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func listText(v reflect.Value, depth int) string {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return strconv.Itoa(v.Len()) + " bytes"
	}
	if depth == maxDepth {
		return "[…]"
	}
	var parts []string
	for i := range min(v.Len(), maxElements) {
		parts = append(parts, text(v.Index(i), depth+1))
	}
	if more := v.Len() - maxElements; more > 0 {
		parts = append(parts, fmt.Sprintf("… %d more", more))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func cut(s string) string {
	runes := []rune(s)
	if len(runes) <= maxText {
		return s
	}
	return string(runes[:maxText]) + "…"
}

func indirect(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

func indirectType(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
