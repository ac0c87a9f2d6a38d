// Package text finds text that a database or encoding/json would not give back as
// it was: U+0000 and bytes that are not UTF-8. encoding/json replaces the latter
// silently, so that what was decided on and what is replayed would differ. Up to Go 1.26
// it writes the replacement character as an escape, from then on, and with
// GOEXPERIMENT=jsonv2, as it is.
package text

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Problem is a field whose text cannot be stored.
type Problem struct {
	Field   string // JSON path; empty where the field is not known
	Message string
}

// Check looks for such text in data, which is v as encoding/json wrote it. Clean
// data is told by two searches; only suspicious data has v walked field by field.
func Check(data []byte, v any) []Problem {
	if Clean(data) {
		return nil
	}

	var problems []Problem
	walk(reflect.ValueOf(v), "", &problems)
	if len(problems) == 0 && escaped(data) { // inside raw JSON or a type's own encoding
		problems = append(problems, Problem{Message: "The event has text with characters that cannot be stored"})
	}
	return problems
}

// Clean reports whether the JSON data certainly has no such text: encoding/json
// writes U+0000 and every byte that is not UTF-8 as one of these, and raw JSON is
// copied as it is.
func Clean(data []byte) bool {
	return !bytes.Contains(data, []byte(`\u0000`)) && !bytes.Contains(data, []byte(`\ufffd`)) && !bytes.Contains(data, []byte("\ufffd")) &&
		!bytes.Contains(data, []byte(`\ud`)) && !bytes.Contains(data, []byte(`\uD`)) && utf8.Valid(data)
}

// escaped tells real escapes from text that merely looks like one: U+0000, the
// replacement character as encoding/json writes it for bytes that are not UTF-8, and
// halves of surrogate pairs.
func escaped(data []byte) bool {
	if !utf8.Valid(data) {
		return true
	}
	for i := 0; i < len(data)-1; i++ {
		if data[i] != '\\' {
			continue
		}
		i++ // the escaped character
		if data[i] != 'u' {
			continue
		}
		r := unit(data[i+1:])
		if utf16.IsSurrogate(r) {
			low := unit(bytes.TrimPrefix(data[i+5:], []byte(`\u`)))
			if utf16.DecodeRune(r, low) == utf8.RuneError {
				return true
			}
			i += 6
		}
		if r == 0 || r == utf8.RuneError {
			return true
		}
		i += 4
	}
	return false
}

// unit reads the four hex digits of an escape.
func unit(digits []byte) rune {
	if len(digits) < 4 {
		return utf8.RuneError
	}
	n, err := strconv.ParseUint(string(digits[:4]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}

func walk(v reflect.Value, path string, problems *[]Problem) {
	if s, own := asText(v); own {
		note(s, path, problems)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			walk(v.Elem(), path, problems)
		}
	case reflect.Struct:
		walkStruct(v, path, problems)
	case reflect.Slice, reflect.Array:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), problems)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			walk(it.Key(), path, problems)
			walk(it.Value(), path, problems)
		}
	case reflect.String:
		note(v.String(), path, problems)
	}
}

// asText is what a type encodes itself as, where it is text.
func asText(v reflect.Value) (s string, own bool) {
	if v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface || !v.IsValid() {
		return "", false
	}
	if v.CanAddr() {
		v = v.Addr()
	}
	if _, own := reflect.TypeAssert[json.Marshaler](v); own {
		return "", false
	}
	m, own := reflect.TypeAssert[encoding.TextMarshaler](v)
	if !own {
		return "", false
	}
	data, err := m.MarshalText()
	return string(data), err == nil
}

func note(s, path string, problems *[]Problem) {
	if why := Bad(s); why != "" {
		*problems = append(*problems, Problem{Field: path, Message: label(path) + " " + why})
	}
}

func walkStruct(v reflect.Value, path string, problems *[]Problem) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if !f.IsExported() || f.Tag.Get("json") == "-" {
			continue
		}
		key := validation.Key(f)
		switch {
		case f.Anonymous:
			key = path
		case path != "":
			key = path + "." + key
		}
		walk(v.Field(i), key, problems)
	}
}

// Bad says why a text cannot be stored, in words that read on from a field's label;
// nothing where it can.
func Bad(s string) string {
	switch {
	case !utf8.ValidString(s):
		return "is not valid text (UTF-8)"
	case strings.ContainsRune(s, 0):
		return "must not contain the character U+0000"
	default:
		return ""
	}
}

func label(path string) string {
	return validation.Label(path[strings.LastIndexByte(path, '.')+1:])
}
