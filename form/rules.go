package form

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// rules is what an input can say of a field's validate tag. The validator itself is
// asked when the event is appended; whatever stands behind dive, or between bars, is its
// business alone.
type rules struct {
	required, omitempty  bool
	filled               bool // an empty text would be refused
	choices              []string
	minimum, maximum     string // of a whole number
	minLength, maxLength string // of a text
	input                string // type of the input: email, url
}

var choice = regexp.MustCompile(`'[^']*'|\S+`)

func rulesOf(tag string, of reflect.Kind) rules {
	var r rules
	for _, rule := range strings.Split(tag, ",") {
		name, param, _ := strings.Cut(rule, "=")
		if name == "dive" {
			break
		}
		switch name {
		case "required":
			r.required = true
		case "omitempty", "omitnil", "omitzero":
			r.omitempty = true
		case "oneof":
			r.filled = true
			for _, c := range choice.FindAllString(param, -1) {
				r.choices = append(r.choices, strings.Trim(c, "'"))
			}
		case "email":
			r.filled, r.input = true, "email"
		case "url", "http_url", "uri":
			r.filled, r.input = true, "url"
		default:
			r.bound(name, param, of)
		}
	}
	return r
}

// bound reads the limits of a whole number, or of a text's length.
func (r *rules) bound(name, param string, of reflect.Kind) {
	n, err := strconv.ParseInt(param, 10, 64)
	if err != nil {
		return
	}
	lower, upper := &r.minimum, &r.maximum
	if of == reflect.String {
		lower, upper = &r.minLength, &r.maxLength
	}
	switch name {
	case "min", "gte":
		*lower = strconv.FormatInt(n, 10)
	case "gt":
		*lower = strconv.FormatInt(n+1, 10)
	case "max", "lte":
		*upper = strconv.FormatInt(n, 10)
	case "lt":
		*upper = strconv.FormatInt(n-1, 10)
	case "len":
		*lower, *upper = strconv.FormatInt(n, 10), strconv.FormatInt(n, 10)
	}
	r.filled = r.filled || r.minLength != "" && r.minLength != "0"
}
