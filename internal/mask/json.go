package mask

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// JSON is a struct, or a pointer to one, as encoding/json has it, but for its secrets.
func JSON(v any) (json.RawMessage, error) {
	text, err := json.Marshal(v)
	if err != nil || harmless(reflect.TypeOf(v)) {
		return text, err
	}
	var value any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(masked(value, reflect.ValueOf(v)))
}

// Masks reports whether a type has sensitive fields. What stands behind an interface it does
// not know.
func Masks(t reflect.Type) bool {
	return anywhere(t, map[reflect.Type]bool{}, func(_ reflect.Type, sensitive bool) bool { return sensitive })
}

// harmless reports whether nothing in any value of a type can be sensitive.
func harmless(t reflect.Type) bool {
	if known, ok := verdicts.Load(t); ok {
		return known.(bool)
	}
	harmless := t != nil && !anywhere(t, map[reflect.Type]bool{}, func(t reflect.Type, sensitive bool) bool {
		return sensitive || t.Kind() == reflect.Interface
	})
	verdicts.Store(t, harmless)
	return harmless
}

var verdicts sync.Map // reflect.Type to whether it is harmless: a program has few types

// anywhere reports whether something holds for a type, or for one within it.
func anywhere(t reflect.Type, seen map[reflect.Type]bool, holds func(t reflect.Type, sensitive bool) bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	if holds(t, false) {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return anywhere(t.Elem(), seen, holds)
	case reflect.Struct:
	default:
		return false
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && (holds(f.Type, f.Tag.Get("sensitive") == "true") || anywhere(f.Type, seen, holds)) {
			return true
		}
	}
	return false
}

// masked replaces the secrets that the JSON of a value has.
func masked(text any, v reflect.Value) any {
	v = indirect(v)
	switch text := text.(type) {
	case map[string]any:
		switch v.Kind() {
		case reflect.Struct:
			maskFields(text, v)
		case reflect.Map:
			maskElements(text, v)
		}
	case []any:
		if v.Kind() == reflect.Slice || v.Kind() == reflect.Array {
			for i := range min(len(text), v.Len()) {
				text[i] = masked(text[i], v.Index(i))
			}
		}
	}
	return text
}

func maskFields(text map[string]any, v reflect.Value) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		key := jsonKey(f)
		if _, has := text[key]; !has || !f.IsExported() {
			continue
		}
		if secret(v.Type(), f.Index) {
			text[key] = Masked
		} else if value, err := v.FieldByIndexErr(f.Index); err == nil {
			text[key] = masked(text[key], value)
		}
	}
}

// secret reports whether a field is sensitive, or an embedded struct that it is in.
func secret(t reflect.Type, index []int) bool {
	for i := range index {
		if t.FieldByIndex(index[:i+1]).Tag.Get("sensitive") == "true" {
			return true
		}
	}
	return false
}

// maskElements masks the elements of a map, by the texts of their keys.
func maskElements(text map[string]any, v reflect.Value) {
	for key, value := range v.Seq2() {
		name := fmt.Sprint(key.Interface())
		if m, ok := key.Interface().(encoding.TextMarshaler); ok {
			b, _ := m.MarshalText() // encoding/json has asked, too
			name = string(b)
		}
		if element, has := text[name]; has {
			text[name] = masked(element, value)
		}
	}
}

// Known takes from a decoded document what is under keys that a type does not know: it may
// be what was sensitive before the type changed, or will be. instead takes the place of the
// values; nil removes the keys, too.
func Known(doc any, t reflect.Type, instead any) any {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch doc := doc.(type) {
	case map[string]any:
		switch t.Kind() {
		case reflect.Struct:
			knownFields(doc, t, instead)
		case reflect.Map:
			for key := range doc {
				doc[key] = Known(doc[key], t.Elem(), instead)
			}
		}
	case []any:
		if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
			for i := range doc {
				doc[i] = Known(doc[i], t.Elem(), instead)
			}
		}
	}
	return doc
}

func knownFields(doc map[string]any, t reflect.Type, instead any) {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()) {
		return // which keys it knows only it knows
	}
	fields := fieldTypes(t)
	for key := range doc {
		switch of, known := fields[strings.ToLower(key)]; { // as encoding/json finds them
		case known:
			doc[key] = Known(doc[key], of, instead)
		case instead == nil:
			delete(doc, key)
		default:
			doc[key] = instead
		}
	}
}

// fieldTypes are the types of a struct's fields by their keys in lower case.
func fieldTypes(t reflect.Type) map[string]reflect.Type {
	if known, ok := fieldsOf.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	types := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && f.Tag.Get("json") != "-" {
			types[strings.ToLower(jsonKey(f))] = f.Type
		}
	}
	fieldsOf.Store(t, types)
	return types
}

var fieldsOf sync.Map // reflect.Type to map[string]reflect.Type: a program has few types

// jsonKey is the key encoding/json gives a field.
func jsonKey(f reflect.StructField) string {
	if f.Tag.Get("json") == "" || f.Tag.Get("json")[0] == ',' {
		return f.Name
	}
	return validation.Key(f)
}
