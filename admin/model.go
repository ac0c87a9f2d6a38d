package admin

import (
	"crypto/sha256"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo/internal/mask"
	"github.com/ireneo-dev/ireneo/internal/validation"
)

// How much of a model is looked at.
const (
	shownFields    = 200
	comparedFields = 2000 // of those that are not alike
	maxDepth       = 8
	maxValue       = 8 << 10  // bytes of one value; all of it is compared
	maxModel       = 64 << 10 // bytes of the JSON that a page shows
)

// modelField is one value within a model.
type modelField struct {
	Path   string `json:"path"` // such as lines[0].amount
	Label  string `json:"label"`
	Value  string `json:"value"`
	Masked bool   `json:"masked,omitempty"` // Value does not say what it is

	zero bool
	real string // what is compared; never shown
}

// fieldsOf are the values of a model, a pointer to a struct, in the order of its fields:
// those of structs, lists and maps within it by their paths. Nil has none. more says that
// there are more than most.
func fieldsOf(model any, most int) (list []modelField, more bool) {
	return fieldsBut(nil, model, most)
}

// fieldsBut leaves some fields of the model itself out, by their indexes.
func fieldsBut(left []bool, model any, most int) (list []modelField, more bool) {
	f := &flattening{list: []modelField{}, most: most, left: left}
	if v := reflect.Indirect(reflect.ValueOf(model)); v.IsValid() {
		f.fields(spot{}, v, 0)
	}
	return f.list, f.more
}

// spot is where in a model a value is.
type spot struct{ path, label string }

func (p spot) field(name spot) spot {
	if p.path == "" {
		return name
	}
	return spot{p.path + "." + name.path, p.label + " › " + name.label}
}

// namesOf are the keys and labels of a struct's fields, by their indexes.
func namesOf(t reflect.Type) []spot {
	if known, ok := fieldNames.Load(t); ok {
		return known.([]spot)
	}
	names := make([]spot, t.NumField())
	for i := range names {
		names[i] = spot{validation.Key(t.Field(i)), validation.LabelOf(t.Field(i))}
	}
	fieldNames.Store(t, names)
	return names
}

var fieldNames sync.Map // reflect.Type to []spot: a program has few types

func (p spot) element(key string) spot {
	return spot{p.path + "[" + key + "]", p.label + " [" + key + "]"}
}

// flattening takes a model apart.
type flattening struct {
	list []modelField
	most int
	more bool
	left []bool // out; nil: none
}

func (f *flattening) add(p spot, v reflect.Value, text string) {
	if len(f.list) >= f.most {
		f.more = true
		return
	}
	shown := text
	if len(text) > maxValue {
		shown = strings.ToValidUTF8(text[:maxValue], "") + "…"
	}
	f.list = append(f.list, modelField{Path: p.path, Label: p.label, Value: shown, real: text, zero: !v.IsValid() || v.IsZero()})
}

func (f *flattening) value(p spot, v reflect.Value, depth int) {
	if f.more {
		return
	}
	if text, ok := ownText(v); ok {
		f.add(p, v, text)
		return
	}
	switch {
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		f.value(p, v.Elem(), depth)
	case depth > maxDepth:
		f.add(p, v, "…")
	case v.Kind() == reflect.Struct:
		f.fields(p, v, depth)
	case v.Kind() == reflect.Map:
		f.entries(p, v, depth)
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		f.elements(p, v, depth)
	default:
		f.add(p, v, fmt.Sprint(v))
	}
}

func (f *flattening) fields(p spot, v reflect.Value, depth int) {
	names := namesOf(v.Type())
	for i := range v.NumField() {
		field, value := v.Type().Field(i), v.Field(i)
		embedded := field.Anonymous && field.Tag.Get("json") == ""
		switch {
		case depth == 0 && f.left != nil && f.left[i]:
		case field.Tag.Get("json") == "-" || !field.IsExported() && !embedded:
		case field.Tag.Get("sensitive") == "true":
			f.secret(p.field(names[i]), value)
		case embedded && field.IsExported() && known(value):
			f.value(p.field(names[i]), value, depth+1)
		case embedded:
			f.promoted(p, value, depth)
		default:
			f.value(p.field(names[i]), value, depth+1)
		}
	}
}

// promoted are the fields of an embedded struct, which are those of the one around it.
func (f *flattening) promoted(p spot, v reflect.Value, depth int) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct && depth <= maxDepth {
		f.fields(p, v, depth+1)
	}
}

// secret is a value that nobody sees. That it has changed may be seen.
func (f *flattening) secret(p spot, v reflect.Value) {
	f.add(p, v, mask.Masked)
	if last := len(f.list) - 1; !f.more {
		f.list[last].Masked = true
		if real, err := json.Marshal(interfaceOf(v)); err == nil {
			f.list[last].real = string(real)
		}
	}
}

func (f *flattening) elements(p spot, v reflect.Value, depth int) {
	if v.Len() == 0 {
		f.add(p, reflect.Value{}, "none")
	}
	for i := 0; i < v.Len() && !f.more; i++ {
		f.value(p.element(strconv.Itoa(i)), v.Index(i), depth+1)
	}
}

func (f *flattening) entries(p spot, v reflect.Value, depth int) {
	if v.Len() == 0 {
		f.add(p, reflect.Value{}, "none")
	}
	byKey := map[string]reflect.Value{}
	for _, key := range v.MapKeys() {
		text, ok := ownText(key)
		if !ok {
			text = fmt.Sprint(key)
		}
		byKey[text] = v.MapIndex(key)
	}
	keys := make([]string, 0, len(byKey))
	for key := range byKey {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		f.value(p.element(key), byKey[key], depth+1)
	}
}

// noValue stands in for what is not there.
const noValue = "–"

// ownText is the text of what is one value, however it is made: times, dates, decimals,
// ids, what databases take as one, and nothing at all.
func ownText(v reflect.Value) (text string, ok bool) {
	for v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return noValue, true
	}
	if mask.Masks(v.Type()) { // its own text would say what is to be masked
		return "", false
	}
	for _, value := range []reflect.Value{v, addressOf(v)} {
		if text, ok := texted(interfaceOf(value)); ok {
			return text, true
		}
	}
	if s, ok := interfaceOf(v).(fmt.Stringer); ok && reflect.Indirect(v).Kind() != reflect.Struct {
		return s.String(), true
	}
	return "", false
}

// known reports whether a value has a text of its own.
func known(v reflect.Value) bool {
	_, ok := ownText(v)
	return ok
}

func texted(value any) (string, bool) {
	switch value := value.(type) {
	case nil:
		return "", false
	case time.Time:
		return timeText(value), true
	case json.RawMessage:
		return string(value), true
	case []byte:
		return bytesText(value), true
	case encoding.TextMarshaler:
		text, err := value.MarshalText()
		return string(text), err == nil
	}
	return storedText(reflect.ValueOf(value))
}

// storedText is what a database is told by a driver.Valuer, such as NULL.
func storedText(v reflect.Value) (string, bool) {
	value, ok := v.Type().MethodByName("Value")
	if !ok || value.Type.NumIn() != 1 || value.Type.NumOut() != 2 || value.Type.Out(1) != reflect.TypeFor[error]() {
		return "", false
	}
	results := value.Func.Call([]reflect.Value{v})
	if !results[1].IsNil() {
		return "", false
	}
	switch stored := results[0].Interface().(type) {
	case nil:
		return noValue, true
	case time.Time:
		return timeText(stored), true
	case []byte:
		return string(stored), true
	default:
		return fmt.Sprint(stored), true
	}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return noValue
	}
	return t.UTC().Format("2006-01-02 15:04:05.999999 UTC")
}

// bytesText tells bytes from others without showing them.
func bytesText(b []byte) string {
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%s, SHA-256 %x…", plural(int64(len(b)), "byte"), sum[:6])
}

func interfaceOf(v reflect.Value) any {
	if !v.IsValid() || !v.CanInterface() {
		return nil
	}
	return v.Interface()
}

func addressOf(v reflect.Value) reflect.Value {
	if !v.CanAddr() {
		return reflect.Value{}
	}
	return v.Addr()
}

// modelJSON is a model as encoding/json has it, its secrets masked; null where that has
// none.
func modelJSON(model any) json.RawMessage {
	raw, err := mask.JSON(model)
	if err != nil || model == nil {
		return json.RawMessage("null")
	}
	return raw
}
