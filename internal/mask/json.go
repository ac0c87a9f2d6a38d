package mask

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// JSON is a struct, or a pointer to one, as encoding/json has it, but for its secrets.
func JSON(v any) (json.RawMessage, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var value any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(masked(value, reflect.ValueOf(v)))
}

// Masks reports whether JSON may mask anything of a type.
func Masks(t reflect.Type) bool { return masks(t, map[reflect.Type]bool{}) }

func masks(t reflect.Type, seen map[reflect.Type]bool) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return masks(t.Elem(), seen)
	case reflect.Struct:
	default:
		return false
	}
	if seen[t] {
		return false
	}
	seen[t] = true
	for _, f := range reflect.VisibleFields(t) {
		if f.IsExported() && (f.Tag.Get("sensitive") == "true" || masks(f.Type, seen)) {
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

// jsonKey is the key encoding/json gives a field.
func jsonKey(f reflect.StructField) string {
	if f.Tag.Get("json") == "" || f.Tag.Get("json")[0] == ',' {
		return f.Name
	}
	return validation.Key(f)
}
