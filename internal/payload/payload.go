// Package payload decodes the payloads of events as encoding/json does, and sooner.
//
// A decoder is worked out once per type. It takes the JSON that events are stored as,
// and gives up on whatever it is not made for: a key in other letters, one that is there
// twice, a number that is too large, bytes that are no JSON. What it gives up on
// encoding/json decodes from the beginning, so that values and errors are always its own.
// FuzzDecoder holds the two against each other.
//
// Libraries were weighed and left: docs/adr/0015-decoding-payloads.md.
package payload

import (
	"encoding/json"
	"reflect"
)

// Decoder decodes JSON into values of one type. It is safe for concurrent use.
type Decoder struct {
	decode decode // nil: the type is left to encoding/json
}

// For works out how values of type t are decoded.
func For(t reflect.Type) *Decoder {
	d, err := builder{}.build(t)
	if err != nil {
		return &Decoder{}
	}
	return &Decoder{decode: d}
}

// Decode does what json.Unmarshal does with the zero value of the type that v points to.
func (d *Decoder) Decode(data []byte, v any) error {
	if d.decode == nil {
		return json.Unmarshal(data, v)
	}

	into := reflect.ValueOf(v).Elem()
	end := d.decode(data, space(data, 0), into)
	if end != unlike && space(data, end) == len(data) {
		return nil
	}
	into.SetZero()
	return json.Unmarshal(data, v)
}
