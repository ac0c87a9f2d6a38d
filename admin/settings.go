package admin

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/ireneo-dev/ireneo/internal/mask"
)

// secretWords are in the names of settings that nobody is to see.
var secretWords = []string{"secret", "password", "passwd", "passphrase", "token", "key", "dsn", "credential", "salt"}

// settingsOf lists the fields of a struct, those of structs within it under its name and a
// dot. What is sensitive, or looks like it, is masked.
func settingsOf(settings any) []fact {
	if settings == nil {
		return []fact{}
	}
	return appendSettings([]fact{}, "", reflect.ValueOf(settings), false)
}

// structOf is the type of a struct, or of what a pointer to one points to.
func structOf(v any) reflect.Type {
	t := reflect.TypeOf(v)
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func appendSettings(facts []fact, prefix string, v reflect.Value, secret bool) []fact {
	for v.Kind() == reflect.Pointer && !v.IsNil() && !writesItself(v) {
		v = v.Elem()
	}
	if v.Kind() != reflect.Struct || writesItself(v) {
		return append(facts, fact{strings.TrimSuffix(prefix, "."), settingText(v, secret)})
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name := prefix + f.Name + "."
		if f.Anonymous {
			name = prefix
		}
		switch f.Type.Kind() {
		case reflect.Func, reflect.Chan, reflect.Interface:
			continue // no settings
		}
		if f.IsExported() {
			facts = appendSettings(facts, name, v.Field(i), secret || f.Tag.Get("sensitive") == "true" || soundsSecret(f.Name))
		}
	}
	return facts
}

// settingText is a value as it may be shown.
func settingText(v reflect.Value, secret bool) string {
	switch text := plainText(v); {
	case text == "" || v.IsZero():
		return text // that nothing is set is no secret
	case secret || looksSecret(text):
		return mask.Masked
	default:
		return text
	}
}

// plainText is a value in one line. Maps may hold anything, so only their size is told.
func plainText(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil():
		return ""
	case v.Kind() == reflect.Map:
		return fmt.Sprintf("%d entries", v.Len())
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		return fmt.Sprintf("%d bytes", v.Len())
	case v.Kind() == reflect.Slice:
		var parts []string
		for i := range v.Len() {
			parts = append(parts, fmt.Sprint(v.Index(i).Interface()))
		}
		return strings.Join(parts, ", ")
	default:
		return fmt.Sprint(v.Interface())
	}
}

// writesItself reports whether a struct is one value, such as a time.
func writesItself(v reflect.Value) bool {
	if !v.CanInterface() {
		return false
	}
	switch v.Interface().(type) {
	case encoding.TextMarshaler, fmt.Stringer:
		return true
	default:
		return false
	}
}

func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range secretWords {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// looksSecret reports whether a text is an address with somebody's password in it, or a
// list of parameters with one.
func looksSecret(text string) bool {
	if strings.Contains(text, "//") && strings.Contains(text, "@") {
		return true
	}
	lower := strings.ToLower(text)
	for _, word := range secretWords {
		if strings.Contains(lower, word+"=") {
			return true
		}
	}
	return false
}
