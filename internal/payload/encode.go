package payload

import (
	"bytes"
	"encoding"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cloud.google.com/go/civil"
)

// encode writes a struct.
func (o *object) encode(to []byte, v reflect.Value) ([]byte, error) {
	next := byte('{')
	for i := range o.fields {
		f := &o.fields[i]
		fv := f.of(v)
		if f.omitted != nil && f.omitted(fv) {
			continue
		}
		to = append(to, next)
		next = ','
		to = append(to, f.quoted...)
		var err error
		if to, err = f.encode(to, fv); err != nil {
			return nil, err
		}
	}
	if next == '{' {
		to = append(to, '{')
	}
	return append(to, '}'), nil
}

// encode writes a slice.
func (l list) encode(to []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(to, "null"...), nil
	}
	to = append(to, '[')
	for i := range v.Len() {
		if i > 0 {
			to = append(to, ',')
		}
		var err error
		if to, err = l.elem.encode(to, v.Index(i)); err != nil {
			return nil, err
		}
	}
	return append(to, ']'), nil
}

// encode writes what a pointer points to.
func (p pointer) encode(to []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(to, "null"...), nil
	}
	return p.elem.encode(to, v.Elem())
}

// encode writes a map of what has no way of its own, sorted by its keys.
func (t table) encode(to []byte, v reflect.Value) ([]byte, error) {
	if v.IsNil() {
		return append(to, "null"...), nil
	}
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	to = append(to, '{')
	for i, key := range keys {
		if i > 0 {
			to = append(to, ',')
		}
		var err error
		if to, err = fromString(to, key); err != nil {
			return nil, err
		}
		if to, err = t.elem.encode(append(to, ':'), v.MapIndex(key)); err != nil {
			return nil, err
		}
	}
	return append(to, '}'), nil
}

// plainly is json.Marshal without escapes for HTML.
func plainly(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

func fromString(to []byte, v reflect.Value) ([]byte, error) {
	return appendText(to, v.String())
}

// appendText appends text in quotes. What is escaped in other ways than these is left to
// encoding/json, and so are bytes that are not UTF-8.
func appendText[Text string | []byte](to []byte, s Text) ([]byte, error) {
	to = append(to, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if ' ' <= c && c < utf8.RuneSelf && c != '"' && c != '\\' {
			continue
		}
		switch {
		case c == '"' || c == '\\':
			to = append(append(to, s[start:i]...), '\\', c)
			start = i + 1
		case c == '\n':
			to = append(append(to, s[start:i]...), '\\', 'n')
			start = i + 1
		case c < ' ':
			return nil, errUnlike
		default:
			r, size := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if r == utf8.RuneError || r == '\u2028' || r == '\u2029' {
				return nil, errUnlike
			}
			i += size - 1
		}
	}
	return append(append(to, s[start:]...), '"'), nil
}

func fromBool(to []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendBool(to, v.Bool()), nil
}

func fromInt(to []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendInt(to, v.Int(), 10), nil
}

func fromUint(to []byte, v reflect.Value) ([]byte, error) {
	return strconv.AppendUint(to, v.Uint(), 10), nil
}

// fromFloat writes a number that certainly is written without an exponent.
func fromFloat(to []byte, v reflect.Value) ([]byte, error) {
	f := v.Float()
	if abs := math.Abs(f); f != 0 && !(1e-5 <= abs && abs < 1e20) {
		return nil, errUnlike
	}
	return strconv.AppendFloat(to, f, 'f', -1, v.Type().Bits()), nil
}

// fromTime writes a time as its MarshalJSON does, without an allocation.
func fromTime(to []byte, v reflect.Value) ([]byte, error) {
	t, _ := reflect.TypeAssert[*time.Time](v.Addr())
	to, err := t.AppendText(append(to, '"'))
	if err != nil {
		return nil, errUnlike
	}
	return append(to, '"'), nil
}

// fromDate writes a date as its MarshalText does, without an allocation.
func fromDate(to []byte, v reflect.Value) ([]byte, error) {
	d, _ := reflect.TypeAssert[*civil.Date](v.Addr())
	if d.Year < 1000 || d.Year > 9999 || d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Day > 31 {
		return fromItselfAsText(to, v)
	}
	to = strconv.AppendInt(append(to, '"'), int64(d.Year), 10)
	return append(to, '-', '0'+byte(d.Month/10), '0'+byte(d.Month%10), '-', '0'+byte(d.Day/10), '0'+byte(d.Day%10), '"'), nil
}

// fromItselfAsJSON is for types that encode themselves as JSON.
func fromItselfAsJSON(to []byte, v reflect.Value) ([]byte, error) {
	m, _ := reflect.TypeAssert[json.Marshaler](v.Addr())
	data, err := m.MarshalJSON()
	if err != nil {
		return nil, errUnlike
	}
	if end, certain := value(data, 0); !certain || end != len(data) {
		return nil, errUnlike // white space has to be left out, say
	}
	return append(to, data...), nil
}

// fromItselfAsText is for types that encode themselves as text.
func fromItselfAsText(to []byte, v reflect.Value) ([]byte, error) {
	m, _ := reflect.TypeAssert[encoding.TextMarshaler](v.Addr())
	data, err := m.MarshalText()
	if err != nil {
		return nil, errUnlike
	}
	return appendText(to, data)
}
