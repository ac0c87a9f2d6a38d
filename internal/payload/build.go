package payload

import (
	"encoding"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"time"
	"unicode"

	"cloud.google.com/go/civil"
)

// decode reads the value at a position, where no white space is, into a zero value v,
// and returns the position behind it, or unlike.
type decode func(data []byte, at int, v reflect.Value) int

// encode appends the JSON of an addressable value. Its only error is errUnlike: encoding/json
// shall say what it makes of the value.
type encode func(to []byte, v reflect.Value) ([]byte, error)

// way is how values of a type are decoded and encoded.
type way struct {
	decode decode
	encode encode // nil: what holds such a value is left to encoding/json, all of it
}

// left is the way of types that are left to encoding/json.
var left = way{decode: intoAny}

// builder keeps the types being built, so that recursive types end.
type builder map[reflect.Type]bool

// errUnlike says that a type, and with it those it is part of, or a value is left to
// encoding/json.
var errUnlike = errors.New("payload: encoding/json knows better")

var (
	marshaler       = reflect.TypeFor[json.Marshaler]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	zeroer          = reflect.TypeFor[interface{ IsZero() bool }]()
)

func (b builder) build(t reflect.Type) (way, error) {
	methods := reflect.PointerTo(t)
	decodes := methods.Implements(unmarshaler) || methods.Implements(textUnmarshaler)
	encodes := methods.Implements(marshaler) || methods.Implements(textMarshaler)
	switch {
	case t.Name() == "" && (decodes || encodes || streams(methods)): // whose methods would be used here, and are not there
		return way{}, errUnlike
	case t.Kind() == reflect.Interface || streams(methods) || b[t]:
		return left, nil
	}

	var w way
	if !decodes || !encodes {
		b[t] = true
		defer delete(b, t)
		var err error
		if w, err = b.buildKind(t); err != nil {
			return way{}, err
		}
	}
	return w.itself(t), nil
}

// streams reports whether a type decodes or encodes itself as encoding/json/v2 wants it.
func streams(methods reflect.Type) bool {
	_, from := methods.MethodByName("UnmarshalJSONFrom")
	_, to := methods.MethodByName("MarshalJSONTo")
	return from || to
}

// itself is the way where the type has ways of its own.
func (w way) itself(t reflect.Type) way {
	methods := reflect.PointerTo(t)
	switch {
	case methods.Implements(unmarshaler):
		w.decode = intoItselfAsJSON
	case methods.Implements(textUnmarshaler):
		w.decode = intoItselfAsText
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		w.encode = fromTime
	case t == reflect.TypeFor[civil.Date]():
		w.encode = fromDate
	case methods.Implements(marshaler):
		w.encode = fromItselfAsJSON
	case methods.Implements(textMarshaler):
		w.encode = fromItselfAsText
	}
	return w
}

func (b builder) buildKind(t reflect.Type) (way, error) {
	switch t.Kind() {
	case reflect.Struct:
		return b.buildStruct(t)
	case reflect.Pointer:
		elem, err := b.build(t.Elem())
		p := pointer{elem}
		return way{p.decode, p.encode}.like(elem), err
	case reflect.Slice:
		return b.buildSlice(t)
	case reflect.Map:
		return b.buildMap(t)
	case reflect.String:
		if t != reflect.TypeFor[json.Number]() {
			return way{intoString, fromString}, nil
		}
	case reflect.Bool:
		return way{intoBool, fromBool}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return way{intoInt, fromInt}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return way{intoUint, fromUint}, nil
	case reflect.Float32, reflect.Float64:
		return way{intoFloat, fromFloat}, nil
	}
	return left, nil
}

// buildStruct takes the fields that encoding/json takes. Which of two of one name that is, is
// left to it.
func (b builder) buildStruct(t reflect.Type) (way, error) {
	o := &object{}
	if err := b.addFields(o, t, nil); err != nil {
		return way{}, err
	}
	names := map[string]bool{}
	for _, f := range o.fields {
		names[f.name] = true
	}
	if len(names) < len(o.fields) || len(o.fields) > mostFields {
		return way{}, errUnlike
	}
	w := way{o.decode, o.encode}
	for _, f := range o.fields {
		w = w.like(f.way)
	}
	return w, nil
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
		case !plain(name) || !known(options, f.Type):
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
		w, err := b.build(f.Type)
		if err != nil {
			return err
		}
		o.fields = append(o.fields, field{way: w, name: name, quoted: []byte(`"` + name + `":`), path: at, omitted: omitted(f.Type, options)})
	}
	return nil
}

// omitted is when a field is not encoded.
func omitted(t reflect.Type, options string) func(reflect.Value) bool {
	switch {
	case options == "omitempty" && t.Kind() != reflect.Struct:
		return isEmpty
	case options == "omitzero" && reflect.PointerTo(t).Implements(zeroer):
		return func(v reflect.Value) bool {
			z, _ := reflect.TypeAssert[interface{ IsZero() bool }](v.Addr())
			return z.IsZero()
		}
	case options == "omitzero":
		return reflect.Value.IsZero
	default:
		return nil
	}
}

// isEmpty is what omitempty means, of what is not a struct.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	default:
		return v.IsZero()
	}
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

// known reports whether the options in a tag are those that are known here. What has its
// own idea of zero behind a pointer or an interface is not.
func known(options string, t reflect.Type) bool {
	switch options {
	case "", "omitempty":
		return true
	case "omitzero":
		return t.Kind() != reflect.Interface && (t.Kind() != reflect.Pointer || !t.Implements(zeroer))
	default:
		return false
	}
}

func (b builder) buildSlice(t reflect.Type) (way, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return left, nil
	}
	elem, err := b.build(t.Elem())
	l := list{elem}
	return way{l.decode, l.encode}.like(elem), err
}

// buildMap takes maps whose keys are text. Their elements have no address, so that methods
// of pointers to them would not be used by encoding/json.
func (b builder) buildMap(t reflect.Type) (way, error) {
	if t.Key().Kind() != reflect.String || reflect.PointerTo(t.Key()).NumMethod() > 0 {
		return left, nil
	}
	elem, err := b.build(t.Elem())
	m := table{elem}
	if kind := t.Elem().Kind(); kind > reflect.Float64 && kind != reflect.String || reflect.PointerTo(t.Elem()).NumMethod() > 0 {
		return way{decode: m.decode}, err
	}
	return way{m.decode, m.encode}.like(elem), err
}

// like is the way of what holds values whose way is elem.
func (w way) like(elem way) way {
	if elem.encode == nil {
		w.encode = nil
	}
	return w
}
