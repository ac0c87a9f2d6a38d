// Package payload decodes and encodes the payloads of events as encoding/json does, and sooner.
//
// How that is done is worked out once per type. It takes the JSON that events are stored as,
// and gives up on whatever it is not made for: a key in other letters, one that is there
// twice, a number that is too large, bytes that are no JSON. What it gives up on
// encoding/json does from the beginning, so that values, JSON and errors are always its own.
// Fuzz tests hold the two against each other.
//
// Libraries were weighed and left: docs/adr/0015-decoding-payloads.md.
package payload

import (
	"bytes"
	"encoding/json"
	"reflect"
	"sync"
)

// Codec decodes and encodes values of one type. It is safe for concurrent use.
type Codec struct {
	way way // without functions: the type is left to encoding/json
}

// For works out how values of type t are decoded and encoded.
func For(t reflect.Type) *Codec {
	w, err := builder{}.build(t)
	if err != nil {
		return &Codec{}
	}
	return &Codec{w}
}

// Decode does what json.Unmarshal does with the zero value of the type that v points to.
func (c *Codec) Decode(data []byte, v any) error {
	if c.way.decode == nil {
		return json.Unmarshal(data, v)
	}

	into := reflect.ValueOf(v).Elem()
	end := c.way.decode(data, space(data, 0), into)
	if end != unlike && space(data, end) == len(data) {
		return nil
	}
	into.SetZero()
	return json.Unmarshal(data, v)
}

// buffers are what values are encoded to, until it is known how long that is.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// largest is how much memory a buffer may keep.
const largest = 1 << 16

// Encode is what json.Marshal makes of the value of the type that v points to, but without
// escapes for HTML.
func (c *Codec) Encode(v any) ([]byte, error) {
	if c.way.encode == nil {
		return plainly(v)
	}

	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	to, err := c.way.encode((*buffer)[:0], reflect.ValueOf(v).Elem())
	if err != nil {
		return plainly(v)
	}
	if cap(to) <= largest {
		*buffer = to
	}
	return bytes.Clone(to), nil
}
