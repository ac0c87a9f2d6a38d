package mask

import (
	"bytes"
	"encoding/json"
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
	return json.Marshal(masked(value, reflect.TypeOf(v)))
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

// masked replaces the secrets that a value of a type has.
func masked(value any, t reflect.Type) any {
	t = indirectType(t)
	switch value := value.(type) {
	case map[string]any:
		switch t.Kind() {
		case reflect.Struct:
			maskFields(value, t)
		case reflect.Map:
			for key := range value {
				value[key] = masked(value[key], t.Elem())
			}
		}
	case []any:
		if t.Kind() == reflect.Slice || t.Kind() == reflect.Array {
			for i := range value {
				value[i] = masked(value[i], t.Elem())
			}
		}
	}
	return value
}

func maskFields(value map[string]any, t reflect.Type) {
	for _, f := range reflect.VisibleFields(t) {
		if !f.IsExported() {
			continue
		}
		key := jsonKey(f)
		if _, has := value[key]; !has {
			continue
		}
		if f.Tag.Get("sensitive") == "true" {
			value[key] = Masked
		} else {
			value[key] = masked(value[key], f.Type)
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
