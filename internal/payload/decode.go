package payload

import (
	"bytes"
	"encoding"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
)

// mostFields is how many fields a struct may have here.
const mostFields = 64

// object is how structs are decoded and encoded.
type object struct {
	fields []field // in the order in which encoding/json writes them
}

type field struct {
	way
	name    string
	quoted  []byte                   // the name as JSON, and a colon
	path    []int                    // through embedded structs
	omitted func(reflect.Value) bool // when it is not encoded; nil: never
}

func (f *field) of(v reflect.Value) reflect.Value {
	for _, i := range f.path {
		v = v.Field(i)
	}
	return v
}

func (o *object) decode(data []byte, at int, v reflect.Value) int {
	at, done := open(data, at, '{', '}')
	var seen uint64 // a bit a field
	for likely := 0; !done; likely++ {
		var i int
		if i, at = o.key(data, at, likely); at == unlike || i >= 0 && seen&(1<<i) != 0 {
			return unlike // or twice
		}
		if i < 0 {
			likely, at = likely-1, valid(data, at)
		} else {
			seen |= 1 << i
			likely, at = i, o.fields[i].decode(data, at, o.fields[i].of(v))
		}
		at, done = further(data, at, '}')
	}
	return at
}

// key is the field whose value comes next, -1 where none has that name, and the position of the
// value. The likely one is looked for as it is written here.
func (o *object) key(data []byte, at, likely int) (field, value int) {
	if likely < len(o.fields) {
		if quoted := o.fields[likely].quoted; bytes.HasPrefix(data[at:], quoted) {
			return likely, space(data, at+len(quoted))
		}
	}
	name, value := member(data, at)
	if value == unlike {
		return 0, unlike
	}
	i := o.find(name, likely)
	if i < 0 && o.resembles(name) {
		return 0, unlike
	}
	return i, value
}

// find is the field with that name, -1 if there is none. It begins with the likely one.
func (o *object) find(key []byte, likely int) int {
	for i := likely; i < len(o.fields); i++ {
		if o.fields[i].name == string(key) {
			return i
		}
	}
	for i := range min(likely, len(o.fields)) {
		if o.fields[i].name == string(key) {
			return i
		}
	}
	return -1
}

// resembles reports whether a field has that name in other letters.
func (o *object) resembles(name []byte) bool {
	return slices.ContainsFunc(o.fields, func(f field) bool { return bytes.EqualFold(name, []byte(f.name)) })
}

// list is how slices are decoded and encoded.
type list struct{ elem way }

func (l list) decode(data []byte, at int, v reflect.Value) int {
	at, done := open(data, at, '[', ']')
	if done && at != unlike && data[at-1] == ']' {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	for i := 0; !done; i++ {
		if i == v.Cap() {
			v.Grow(1)
		}
		v.SetLen(i + 1)
		at, done = further(data, l.elem.decode(data, at, v.Index(i)), ']')
	}
	return at
}

// table is how maps are decoded and encoded whose keys are text.
type table struct{ elem way }

func (t table) decode(data []byte, at int, v reflect.Value) int {
	at, done := open(data, at, '{', '}')
	if at == unlike || data[at-1] == 'l' {
		return at
	}
	v.Set(reflect.MakeMap(v.Type()))
	key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
	for !done {
		var name []byte
		if name, at = member(data, at); at == unlike {
			return unlike
		}
		key.SetString(string(name))
		elem.SetZero()
		at, done = further(data, t.elem.decode(data, at, elem), '}')
		v.SetMapIndex(key, elem)
	}
	return at
}

// pointer is how pointers are decoded and encoded.
type pointer struct{ elem way }

func (p pointer) decode(data []byte, at int, v reflect.Value) int {
	if char(data, at) == 'n' {
		return word(data, at, "null")
	}
	v.Set(reflect.New(v.Type().Elem()))
	return p.elem.decode(data, at, v.Elem())
}

// intoAny leaves a value to encoding/json.
func intoAny(data []byte, at int, v reflect.Value) int {
	end, _ := value(data, at)
	if end == unlike || json.Unmarshal(data[at:end:end], v.Addr().Interface()) != nil {
		return unlike
	}
	return end
}

func intoString(data []byte, at int, v reflect.Value) int {
	end := text(data, at)
	if end == unlike {
		return intoAny(data, at, v)
	}
	v.SetString(string(data[at+1 : end-1]))
	return end
}

func intoBool(data []byte, at int, v reflect.Value) int {
	switch char(data, at) {
	case 't':
		v.SetBool(true)
		return word(data, at, "true")
	case 'f':
		return word(data, at, "false")
	default:
		return word(data, at, "null")
	}
}

func intoInt(data []byte, at int, v reflect.Value) int {
	end, whole := number(data, at)
	if !whole {
		return word(data, at, "null")
	}
	n, err := strconv.ParseInt(string(data[at:end]), 10, 64)
	if err != nil || v.OverflowInt(n) {
		return unlike
	}
	v.SetInt(n)
	return end
}

func intoUint(data []byte, at int, v reflect.Value) int {
	end, whole := number(data, at)
	if !whole {
		return word(data, at, "null")
	}
	n, err := strconv.ParseUint(string(data[at:end]), 10, 64)
	if err != nil || v.OverflowUint(n) {
		return unlike
	}
	v.SetUint(n)
	return end
}

func intoFloat(data []byte, at int, v reflect.Value) int {
	end, _ := number(data, at)
	if end == unlike {
		return word(data, at, "null")
	}
	n, err := strconv.ParseFloat(string(data[at:end]), v.Type().Bits())
	if err != nil || v.OverflowFloat(n) {
		return unlike
	}
	v.SetFloat(n)
	return end
}

// intoItselfAsJSON is for types that decode JSON themselves.
func intoItselfAsJSON(data []byte, at int, v reflect.Value) int {
	end := valid(data, at)
	if end == unlike {
		return unlike
	}
	u, _ := reflect.TypeAssert[json.Unmarshaler](v.Addr())
	if u.UnmarshalJSON(data[at:end:end]) != nil {
		return unlike
	}
	return end
}

// intoItselfAsText is for types that decode text themselves.
func intoItselfAsText(data []byte, at int, v reflect.Value) int {
	end := text(data, at)
	if end == unlike {
		return intoAny(data, at, v)
	}
	u, _ := reflect.TypeAssert[encoding.TextUnmarshaler](v.Addr())
	if u.UnmarshalText(data[at+1:end-1:end-1]) != nil {
		return unlike
	}
	return end
}
