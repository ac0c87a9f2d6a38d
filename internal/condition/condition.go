// Package condition compares what is in a JSON document with what people type.
package condition

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Condition is one comparison. A path leads through objects by their keys and through
// lists by their places from 0; where a list is met and no place is named, one of its
// elements is enough.
type Condition struct {
	path  []string
	op    string
	value string
	fold  string           // value in lower case
	num   *decimal.Decimal // value, if it is a number
}

// Operators are those that New knows.
var Operators = []string{"=", "!=", ">", ">=", "<", "<=", "~"}

// New makes a condition; ~ asks whether the value is contained, in any case of letters.
// Numbers are compared as such where both are, also as text; everything else in the order
// of its bytes.
func New(path, op, value string) (Condition, error) {
	if path == "" || strings.HasPrefix(path, ".") || strings.HasSuffix(path, ".") || strings.Contains(path, "..") {
		return Condition{}, fmt.Errorf("%q is no path of a field: write it as amount or customer.name", path)
	}
	if !slices.Contains(Operators, op) {
		return Condition{}, fmt.Errorf("%q does not compare: use one of %s", op, strings.Join(Operators, " "))
	}
	return Condition{strings.Split(path, "."), op, value, strings.ToLower(value), number(value)}, nil
}

// Holds reports whether a document, decoded with json.Number, fulfils the condition. What
// is not there differs from everything, and is neither more nor less.
func (c Condition) Holds(doc any) bool {
	if c.op == "!=" {
		return !c.some(doc, c.path, c.equals)
	}
	return c.some(doc, c.path, c.compares)
}

func (c Condition) some(doc any, path []string, holds func(any) bool) bool {
	if list, ok := doc.([]any); ok {
		if len(path) > 0 {
			if place, err := strconv.Atoi(path[0]); err == nil {
				return place >= 0 && place < len(list) && c.some(list[place], path[1:], holds)
			}
		}
		return slices.ContainsFunc(list, func(element any) bool { return c.some(element, path, holds) })
	}
	if len(path) == 0 {
		return holds(doc)
	}
	object, ok := doc.(map[string]any)
	if !ok {
		return false
	}
	value, has := object[path[0]]
	return has && c.some(value, path[1:], holds)
}

func (c Condition) equals(v any) bool {
	text, ok := Text(v)
	if !ok {
		return false
	}
	if order, both := c.asNumbers(text); both {
		return order == 0
	}
	return text == c.value
}

func (c Condition) compares(v any) bool {
	text, ok := Text(v)
	if !ok {
		return false
	}
	if c.op == "~" {
		return strings.Contains(strings.ToLower(text), c.fold)
	}
	order, numbers := c.asNumbers(text)
	if !numbers {
		order = strings.Compare(text, c.value)
	}
	switch c.op {
	case "=":
		return order == 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	case "<":
		return order < 0
	default:
		return order <= 0
	}
}

func (c Condition) asNumbers(text string) (order int, both bool) {
	if c.num == nil {
		return 0, false
	}
	n := number(text)
	if n == nil {
		return 0, false
	}
	return n.Cmp(*c.num), true
}

// maxNumber is how long a number may be: comparing one of many digits or with a great
// exponent would take its time.
const maxNumber = 40

func number(text string) *decimal.Decimal {
	if text == "" || len(text) > maxNumber || strings.Trim(text, "+-.0123456789") != "" {
		return nil
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return nil
	}
	return &d
}

// Decode reads a document, nil where it is none.
func Decode(text []byte) (doc any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&doc) != nil {
		return nil
	}
	return doc
}

// Text is a value as people write it; objects and lists have none.
func Text(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "null", true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	case string:
		return v, true
	default:
		return "", false
	}
}

// Contains reports whether a value of a document has a text in it, given in lower case.
// Keys are not looked at.
func Contains(doc any, lower string) bool {
	switch doc := doc.(type) {
	case map[string]any:
		for _, value := range doc {
			if Contains(value, lower) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(doc, func(element any) bool { return Contains(element, lower) })
	default:
		text, _ := Text(doc)
		return strings.Contains(strings.ToLower(text), lower)
	}
}
