package admin

import (
	"cmp"
	"encoding"
	"encoding/json"
	"fmt"
	"go/format"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
)

// maxLiteral bounds how much Go is written, in bytes.
const maxLiteral = 32 << 10

// goLiteral is an event as Go source that makes it again, without what is sensitive; empty
// where it would be too long, or there is none.
func goLiteral(ev ireneo.AnyEvent) string {
	g := &literal{left: maxLiteral}
	text := g.value(reflect.ValueOf(ev), true, 0)
	source, err := format.Source([]byte("var _ = " + text))
	if err != nil || g.left < 0 {
		return ""
	}
	return strings.TrimPrefix(string(source), "var _ = ")
}

// literal writes values as Go.
type literal struct {
	left int // bytes that may yet be written
}

// spent reports whether nothing more may be written, and counts what is.
func (g *literal) spent(text string) string {
	g.left -= len(text)
	return text
}

// value writes one value. Where its type is known from around it, untyped constants do.
func (g *literal) value(v reflect.Value, known bool, depth int) string {
	if g.left < 0 || depth > maxDepth {
		g.left = -1
		return "nil"
	}
	if text, ok := written(v); ok {
		return g.spent(text)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return g.reference(v, depth)
	case reflect.Struct:
		return g.structure(v, depth)
	case reflect.Slice, reflect.Array:
		return g.list(v, depth)
	case reflect.Map:
		return g.table(v, depth)
	default:
		return g.spent(constant(v, known))
	}
}

// written are values of types that are made by a function.
func written(v reflect.Value) (text string, ok bool) {
	if !v.IsValid() || !v.CanInterface() {
		return "nil", true
	}
	switch value := v.Interface().(type) {
	case time.Time:
		t := value.UTC()
		return fmt.Sprintf("time.Date(%d, time.%s, %d, %d, %d, %d, %d, time.UTC)", t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond()), true
	case decimal.Decimal:
		return "decimal.RequireFromString(" + strconv.Quote(value.String()) + ")", true
	case uuid.UUID:
		return "uuid.MustParse(" + strconv.Quote(value.String()) + ")", true
	case json.RawMessage:
		return "json.RawMessage(" + strconv.Quote(string(value)) + ")", true
	case []byte:
		return "[]byte(" + strconv.Quote(string(value)) + ")", true
	default:
		return "", false
	}
}

func (g *literal) reference(v reflect.Value, depth int) string {
	switch {
	case v.IsNil():
		return "nil"
	case v.Kind() == reflect.Interface:
		return g.value(v.Elem(), false, depth)
	case v.Elem().Kind() == reflect.Struct && !madeByFunction(v.Elem()):
		return "&" + g.value(v.Elem(), true, depth)
	default:
		return "new(" + g.value(v.Elem(), false, depth) + ")" // Go 1.26
	}
}

func madeByFunction(v reflect.Value) bool {
	_, ok := written(v)
	return ok
}

// constant is a value of a basic type.
func constant(v reflect.Value, known bool) string {
	text := fmt.Sprint(v)
	switch v.Kind() {
	case reflect.String:
		text = strconv.Quote(v.String())
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Float32, reflect.Float64:
	default:
		return "nil"
	}
	plain := v.Type() == reflect.TypeFor[string]() || v.Type() == reflect.TypeFor[bool]() || v.Type() == reflect.TypeFor[int]()
	if known || plain {
		return text
	}
	return v.Type().String() + "(" + text + ")"
}

// structure writes the fields that are not zero. What only its own package could make is
// told in a comment.
func (g *literal) structure(v reflect.Value, depth int) string {
	var parts []string
	for i := range v.NumField() {
		f, field := v.Type().Field(i), v.Field(i)
		switch {
		case f.Type == reflect.TypeFor[ireneo.Event]() || !f.IsExported() || field.IsZero():
		case f.Tag.Get("sensitive") == "true":
			parts = append(parts, g.spent("// "+f.Name+" is masked"))
		default:
			parts = append(parts, f.Name+": "+g.value(field, true, depth+1)+",")
		}
	}
	if len(parts) == 0 && !v.IsZero() {
		parts = append(parts, opaque(v)...)
	}
	return v.Type().String() + braced(parts)
}

// opaque tells the text of a value whose fields nobody else may write.
func opaque(v reflect.Value) []string {
	m, ok := v.Interface().(encoding.TextMarshaler)
	if !ok {
		return nil
	}
	text, err := m.MarshalText()
	if err != nil {
		return nil
	}
	return []string{"// " + strconv.Quote(string(text))}
}

func (g *literal) list(v reflect.Value, depth int) string {
	if v.Kind() == reflect.Slice && v.IsNil() {
		return "nil"
	}
	var parts []string
	for i := range v.Len() {
		if g.left < 0 {
			break
		}
		parts = append(parts, g.value(v.Index(i), true, depth+1)+",")
	}
	return v.Type().String() + braced(parts)
}

func (g *literal) table(v reflect.Value, depth int) string {
	if v.IsNil() {
		return "nil"
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	var parts []string
	for _, key := range keys {
		if g.left < 0 {
			break
		}
		parts = append(parts, g.value(key, true, depth+1)+": "+g.value(v.MapIndex(key), true, depth+1)+",")
	}
	return v.Type().String() + braced(parts)
}

// braced are the parts of a composite literal, on one line where they are short.
func braced(parts []string) string {
	line := strings.TrimSuffix(strings.Join(parts, " "), ",")
	if len(line) > 60 || strings.Contains(line, "\n") || strings.Contains(line, "// ") {
		return "{\n" + strings.Join(parts, "\n") + "\n}"
	}
	return "{" + line + "}"
}
