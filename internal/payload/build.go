package payload

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"unicode"
)

// decode reads the value at a position, where no white space is, into a zero value v,
// and returns the position behind it, or unlike.
type decode func(data []byte, at int, v reflect.Value) int

// builder keeps the types being built, so that recursive types end.
type builder map[reflect.Type]bool

// errUnlike says that a type, and with it those it is part of, is left to encoding/json.
var errUnlike = errors.New("payload: encoding/json knows better")

var (
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func (b builder) build(t reflect.Type) (decode, error) {
	pointer := reflect.PointerTo(t)
	_, streams := pointer.MethodByName("UnmarshalJSONFrom") // of encoding/json/v2
	itself := streams || pointer.Implements(unmarshaler) || pointer.Implements(textUnmarshaler)
	switch {
	case itself && t.Name() == "": // whose methods would be used here, and are not there
		return nil, errUnlike
	case streams, t.Kind() == reflect.Interface:
		return asIs, nil
	case pointer.Implements(unmarshaler):
		return itselfOfJSON, nil
	case itself:
		return itselfOfText, nil
	case b[t]:
		return asIs, nil
	}

	b[t] = true
	defer delete(b, t)
	return b.buildKind(t)
}

func (b builder) buildKind(t reflect.Type) (decode, error) {
	switch t.Kind() {
	case reflect.Struct:
		return b.buildStruct(t)
	case reflect.Pointer:
		return b.buildPointer(t)
	case reflect.Slice:
		return b.buildSlice(t)
	case reflect.Map:
		return b.buildMap(t)
	case reflect.String:
		if t != reflect.TypeFor[json.Number]() {
			return intoString, nil
		}
	case reflect.Bool:
		return intoBool, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return intoInt, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return intoUint, nil
	case reflect.Float32, reflect.Float64:
		return intoFloat, nil
	}
	return asIs, nil
}

// buildStruct decodes the fields that encoding/json decodes. Which of two of one name
// that is, is left to it.
func (b builder) buildStruct(t reflect.Type) (decode, error) {
	o := &object{}
	if err := b.addFields(o, t, nil); err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, f := range o.fields {
		names[f.name] = true
	}
	if len(names) < len(o.fields) || len(o.fields) > mostFields {
		return nil, errUnlike
	}
	return o.decode, nil
}

// addFields adds the fields of t, which is embedded at the path.
func (b builder) addFields(o *object, t reflect.Type, path []int) error {
	for i := range t.NumField() {
		f := t.Field(i)
		at := append(path[:len(path):len(path)], i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Tag.Get("json") == "-":
			continue
		case !plain(name) || !known(options):
			return errUnlike
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			if err := b.addFields(o, f.Type, at); err != nil {
				return err
			}
			continue
		case f.Anonymous:
			return errUnlike
		case !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		d, err := b.build(f.Type)
		if err != nil {
			return err
		}
		o.fields = append(o.fields, field{name: name, path: at, decode: d})
	}
	return nil
}

// plain reports whether the name in a tag is used as it is.
func plain(name string) bool {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' {
			return false
		}
	}
	return true
}

// known reports whether the options in a tag change nothing of how a field is decoded.
func known(options string) bool {
	for option := range strings.SplitSeq(options, ",") {
		if option != "" && option != "omitempty" && option != "omitzero" {
			return false
		}
	}
	return true
}

func (b builder) buildPointer(t reflect.Type) (decode, error) {
	if kind := t.Elem().Kind(); kind == reflect.Pointer || kind == reflect.Interface {
		return asIs, nil
	}
	elem, err := b.build(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(data []byte, at int, v reflect.Value) int {
		if char(data, at) == 'n' {
			return word(data, at, "null")
		}
		v.Set(reflect.New(t.Elem()))
		return elem(data, at, v.Elem())
	}, nil
}

func (b builder) buildSlice(t reflect.Type) (decode, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return asIs, nil
	}
	elem, err := b.build(t.Elem())
	if err != nil {
		return nil, err
	}
	return list{elem}.decode, nil
}

func (b builder) buildMap(t reflect.Type) (decode, error) {
	if t.Key().Kind() != reflect.String || reflect.PointerTo(t.Key()).NumMethod() > 0 {
		return asIs, nil
	}
	elem, err := b.build(t.Elem())
	if err != nil {
		return nil, err
	}
	return table{elem}.decode, nil
}
