// Package clone makes deep copies of projection states, so that a state kept by
// the framework is never shared with user code.
//
// A copier is worked out once per type. Values without pointers, maps and slices
// are copied by assignment; a type with a method Clone() T is copied by it. Copying
// libraries were weighed and left: they drop unexported fields silently, while this
// one refuses such a type when the program starts.
package clone

import (
	"fmt"
	"reflect"
	"time"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"
)

// Func copies a pointer to a struct: it returns a pointer of the same type to a
// deep copy. It is safe for concurrent use.
type Func func(pointer any) any

// copier writes a deep copy of src to dst, which already is a shallow copy of it.
// A nil copier means that the shallow copy is enough.
type copier func(dst, src reflect.Value)

// immutable types are shared: nothing can change what they point to.
var immutable = map[reflect.Type]bool{
	reflect.TypeFor[time.Time]():       true,
	reflect.TypeFor[decimal.Decimal](): true,
	reflect.TypeFor[civil.Date]():      true,
}

// For works out how values of the struct type t are copied. The error names the
// field that cannot be copied and the remedy.
func For(t reflect.Type) (Func, error) {
	b := builder{known: map[reflect.Type]*copier{}}
	deep, err := b.build(t, t.Name())
	if err != nil {
		return nil, err
	}

	return func(pointer any) any {
		src := reflect.ValueOf(pointer).Elem()
		dst := reflect.New(t)
		dst.Elem().Set(src)
		if deep != nil {
			deep(dst.Elem(), src)
		}
		return dst.Interface()
	}, nil
}

// builder keeps the copiers of types being built, so that recursive types end.
type builder struct {
	known map[reflect.Type]*copier
}

func (b *builder) build(t reflect.Type, path string) (copier, error) {
	if immutable[t] {
		return nil, nil
	}
	if c := byMethod(t); c != nil {
		return c, nil
	}

	switch t.Kind() {
	case reflect.Struct:
		return b.buildStruct(t, path)
	case reflect.Pointer:
		return b.buildPointer(t, path)
	case reflect.Slice:
		return b.buildSlice(t, path)
	case reflect.Array:
		return b.buildArray(t, path)
	case reflect.Map:
		return b.buildMap(t, path)
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return nil, fmt.Errorf("%s is a %s, which cannot be copied: give %s a method Clone() %s", path, t.Kind(), root(path), root(path))
	default:
		return nil, nil
	}
}

// byMethod copies with the type's own Clone() T, on the value or on its pointer.
func byMethod(t reflect.Type) copier {
	for _, recv := range []reflect.Type{t, reflect.PointerTo(t)} {
		m, ok := recv.MethodByName("Clone")
		if !ok || m.Type.NumIn() != 1 || m.Type.NumOut() != 1 || m.Type.Out(0) != recv {
			continue
		}
		if recv == t {
			return func(dst, src reflect.Value) { dst.Set(src.MethodByName("Clone").Call(nil)[0]) }
		}
		return func(dst, src reflect.Value) {
			dst.Set(src.Addr().MethodByName("Clone").Call(nil)[0].Elem())
		}
	}
	return nil
}

func (b *builder) buildStruct(t reflect.Type, path string) (copier, error) {
	if slot, ok := b.known[t]; ok {
		return func(dst, src reflect.Value) {
			if *slot != nil {
				(*slot)(dst, src)
			}
		}, nil
	}
	slot := new(copier)
	b.known[t] = slot

	fields := map[int]copier{}
	for i := range t.NumField() {
		f := t.Field(i)
		c, err := b.build(f.Type, path+"."+f.Name)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("%s.%s is unexported and holds a %s, which cannot be copied from outside: give %s a method Clone() %s",
				path, f.Name, f.Type.Kind(), root(path), root(path))
		}
		fields[i] = c
	}
	if len(fields) == 0 {
		return nil, nil
	}

	*slot = func(dst, src reflect.Value) {
		for i, c := range fields {
			c(dst.Field(i), src.Field(i))
		}
	}
	return *slot, nil
}

func (b *builder) buildPointer(t reflect.Type, path string) (copier, error) {
	elem, err := b.build(t.Elem(), path)
	if err != nil {
		return nil, err
	}
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			return
		}
		p := reflect.New(t.Elem())
		p.Elem().Set(src.Elem())
		if elem != nil {
			elem(p.Elem(), src.Elem())
		}
		dst.Set(p)
	}, nil
}

func (b *builder) buildSlice(t reflect.Type, path string) (copier, error) {
	elem, err := b.build(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			return
		}
		s := reflect.MakeSlice(t, src.Len(), src.Len())
		reflect.Copy(s, src)
		copyElements(elem, s, src)
		dst.Set(s)
	}, nil
}

func (b *builder) buildArray(t reflect.Type, path string) (copier, error) {
	elem, err := b.build(t.Elem(), path+"[]")
	if err != nil || elem == nil {
		return nil, err
	}
	return func(dst, src reflect.Value) { copyElements(elem, dst, src) }, nil
}

func (b *builder) buildMap(t reflect.Type, path string) (copier, error) {
	elem, err := b.build(t.Elem(), path+"[]")
	if err != nil {
		return nil, err
	}
	return func(dst, src reflect.Value) {
		if src.IsNil() {
			return
		}
		m := reflect.MakeMapWithSize(t, src.Len())
		for it := src.MapRange(); it.Next(); {
			v := reflect.New(t.Elem()).Elem()
			v.Set(it.Value())
			if elem != nil {
				from := reflect.New(t.Elem()).Elem() // map elements are not addressable
				from.Set(it.Value())
				elem(v, from)
			}
			m.SetMapIndex(it.Key(), v)
		}
		dst.Set(m)
	}, nil
}

func copyElements(elem copier, dst, src reflect.Value) {
	if elem == nil {
		return
	}
	for i := range src.Len() {
		elem(dst.Index(i), src.Index(i))
	}
}

// root is the type at the start of a path such as Order.Lines[].Notes.
func root(path string) string {
	for i, r := range path {
		if r == '.' || r == '[' {
			return path[:i]
		}
	}
	return path
}
