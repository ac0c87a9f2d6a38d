// Package subset says whether one JSON value is contained in another: an object in one
// that has at least its keys with values that are contained, anything else in what is
// equal to it. Numbers are equal where their values are, however they are written.
package subset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
)

// Normal is a value as JSON has it, for Of.
func Normal(v any) (any, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

// Of reports whether part, a Normal value, is contained in a JSON text.
func Of(part any, whole []byte) (bool, error) {
	v, err := decode(whole)
	if err != nil {
		return false, fmt.Errorf("compare with JSON: %w", err)
	}
	return contained(part, v), nil
}

func decode(text []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func contained(part, whole any) bool {
	switch part := part.(type) {
	case map[string]any:
		whole, ok := whole.(map[string]any)
		if !ok {
			return false
		}
		for key, value := range part {
			if found, has := whole[key]; !has || !contained(value, found) {
				return false
			}
		}
		return true
	case []any:
		whole, ok := whole.([]any)
		if !ok || len(whole) != len(part) {
			return false
		}
		for i := range part {
			if !contained(part[i], whole[i]) {
				return false
			}
		}
		return true
	case json.Number:
		whole, ok := whole.(json.Number)
		return ok && sameNumber(part, whole)
	default:
		return part == whole
	}
}

func sameNumber(a, b json.Number) bool {
	if a == b {
		return true
	}
	x, ok := new(big.Rat).SetString(a.String())
	y, also := new(big.Rat).SetString(b.String())
	return ok && also && x.Cmp(y) == 0
}
