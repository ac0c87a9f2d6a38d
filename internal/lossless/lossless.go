// Package lossless finds out, by its type, whether JSON gives a value back as it was.
//
// encoding/json drops what it cannot see without a word: unexported fields, a field
// whose name another has, the difference between nil and empty. Here each of these is
// found when the program starts.
package lossless

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Check reports the first part of t, by its path, that JSON does not give back as it
// was, with the remedy. Types with MarshalJSON and UnmarshalJSON, or MarshalText and
// UnmarshalText, are trusted.
func Check(t reflect.Type) error {
	return checker{}.check(t, t.Name())
}

// checker keeps the types seen, so that recursive types end.
type checker map[reflect.Type]bool

func (c checker) check(t reflect.Type, path string) error {
	if c[t] {
		return nil
	}
	c[t] = true

	kind := t.Kind()
	if kind != reflect.Interface {
		if own, err := encodesItself(t, path); own || err != nil {
			return err
		}
	}
	switch kind {
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is of kind %s, which JSON does not give back: %s", path, kind, remedy(path))
	case reflect.Struct:
		return c.checkFields(t, path, map[string]string{})
	case reflect.Pointer:
		return c.checkPointer(t, path)
	case reflect.Map:
		if err := checkKey(t.Key(), path); err != nil {
			return err
		}
		return c.check(t.Elem(), path+"[]")
	case reflect.Slice, reflect.Array:
		return c.check(t.Elem(), path+"[]")
	default:
		return nil
	}
}

var (
	marshaler       = reflect.TypeFor[json.Marshaler]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// encodesItself reports whether a type says itself how it is encoded and decoded. One of
// the two alone is an error, and so are methods that come from an embedded field: they
// encode that field, and nothing else of the struct.
func encodesItself(t reflect.Type, path string) (bool, error) {
	for _, pair := range [][2]reflect.Type{{marshaler, unmarshaler}, {textMarshaler, textUnmarshaler}} {
		in, out := has(t, pair[0]), has(t, pair[1])
		if in != out {
			return false, fmt.Errorf("%s has only one of %s and %s: give it both", path, pair[0].Method(0).Name, pair[1].Method(0).Name)
		}
		if !in {
			continue
		}
		for _, f := range reflect.VisibleFields(structOf(t)) {
			if f.Anonymous && has(f.Type, pair[0]) {
				return false, fmt.Errorf("%s embeds %s, whose %s stands for all of it: give the field a name", path, f.Type, pair[0].Method(0).Name)
			}
		}
		return true, nil
	}
	return false, nil
}

// structOf is t where it is a struct, else one without fields.
func structOf(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Struct {
		return t
	}
	return reflect.TypeFor[struct{}]()
}

// has reports whether a variable of type t has the methods.
func has(t, methods reflect.Type) bool {
	return t.Implements(methods) || reflect.PointerTo(t).Implements(methods)
}

// checkFields checks the fields of a struct, those of embedded structs as its own. names
// are the JSON names met so far: of two fields with one name JSON drops at least one.
func (c checker) checkFields(t reflect.Type, path string, names map[string]string) error {
	for i := range t.NumField() {
		f := t.Field(i)
		at := path + "." + f.Name
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Name == "_":
			continue
		case name == "-" && options == "":
			return fmt.Errorf(`%s is tagged json:"-", and so not given back: name it, or %s`, at, remedy(path))
		case f.Anonymous && name == "" && isPlainStruct(f.Type):
			if err := c.checkFields(f.Type, at, names); err != nil {
				return err
			}
			continue
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Pointer:
			return fmt.Errorf("%s is an embedded pointer, which JSON does not tell from an empty one: give the field a name", at)
		case !f.IsExported():
			return fmt.Errorf("%s is unexported, which JSON leaves out: export it, or %s", at, remedy(path))
		}
		if name == "" {
			name = f.Name
		}
		if other := names[name]; other != "" {
			return fmt.Errorf("%s and %s are both called %q in JSON: rename one", other, at, name)
		}
		names[name] = at
		if err := c.checkField(f, options, at); err != nil {
			return err
		}
	}
	return nil
}

func (c checker) checkField(f reflect.StructField, options, at string) error {
	kind := f.Type.Kind()
	if strings.Contains(","+options+",", ",omitempty,") && (kind == reflect.Slice || kind == reflect.Map) {
		return fmt.Errorf("%s is a %s with omitempty, which is nil afterwards where it was empty: use omitzero", at, kind)
	}
	return c.check(f.Type, at)
}

// isPlainStruct reports whether the fields of an embedded t become those of the struct
// around it.
func isPlainStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && !has(t, marshaler) && !has(t, textMarshaler)
}

func (c checker) checkPointer(t reflect.Type, path string) error {
	switch kind := t.Elem().Kind(); kind {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return fmt.Errorf("%s is a pointer to a %s: JSON does not tell whether the one or the other is nil", path, kind)
	default:
		return c.check(t.Elem(), path)
	}
}

// checkKey checks the key of a map: text, a whole number, or what has the methods of text.
func checkKey(key reflect.Type, path string) error {
	kind := key.Kind()
	switch {
	case key.Implements(textMarshaler) && has(key, textUnmarshaler) && kind != reflect.Interface:
		return nil
	case kind == reflect.String && !has(key, textMarshaler) && !has(key, textUnmarshaler):
		return nil
	case kind >= reflect.Int && kind <= reflect.Uintptr && !has(key, textMarshaler) && !has(key, textUnmarshaler):
		return nil
	default:
		return fmt.Errorf("%s has keys of type %s, which JSON does not give back: %s", path, key, remedy(path))
	}
}

func remedy(path string) string {
	root, _, _ := strings.Cut(strings.ReplaceAll(path, "[]", "."), ".")
	return "give " + root + " methods MarshalJSON and UnmarshalJSON"
}
