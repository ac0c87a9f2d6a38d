package form

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/form/money"
)

// kind is how values of one kind are typed and shown. Problems read on from the
// field's label.
type kind interface {
	tidy(typed string) string
	parse(typed string, into reflect.Value) (problem string)
	show(v reflect.Value) string

	// takes says which JSON values are read as if they had been typed; wrong what is
	// said of the others.
	takes(l literal) bool
	wrong(l literal) string
}

// kindOf finds the kind of a type by its form tag. It is nil for types that no input
// is there for.
func kindOf(t reflect.Type, tag string) (kind, error) {
	switch {
	case tag == "money" && t.Kind() == reflect.Int64:
		return amount{}, nil
	case tag == "text" && t.Kind() == reflect.String:
		return many{}, nil
	case tag != "":
		return nil, fmt.Errorf("tag form:%q does not fit a %s: there are money for int64, text for string, and -", tag, t)
	}
	switch t {
	case reflect.TypeFor[decimal.Decimal]():
		return exact{}, nil
	case reflect.TypeFor[civil.Date]():
		return day{}, nil
	case reflect.TypeFor[time.Time]():
		return moment{}, nil
	case reflect.TypeFor[uuid.UUID]():
		return identity{}, nil
	}
	switch t.Kind() {
	case reflect.String:
		return line{}, nil
	case reflect.Bool:
		return box{}, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return whole{}, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return natural{}, nil
	case reflect.Float32, reflect.Float64:
		return float{}, nil
	default:
		return nil, nil
	}
}

// trimmed is typed without the space around it, and is text in JSON too.
type trimmed struct{}

func (trimmed) tidy(typed string) string { return strings.TrimSpace(typed) }
func (trimmed) takes(literal) bool       { return false }

// line is text without the space around it.
type line struct{ trimmed }

func (line) show(v reflect.Value) string { return v.String() }
func (line) wrong(literal) string        { return "must be text" }

func (line) parse(typed string, into reflect.Value) string {
	into.SetString(typed)
	return ""
}

// many is many lines of text, kept as they were typed. Browsers end lines with CR LF
// whatever was typed; only LF is kept.
type many struct{ line }

func (many) tidy(typed string) string { return strings.ReplaceAll(typed, "\r\n", "\n") }

// numeric is a number in JSON, or a text that is one.
type numeric struct{ trimmed }

func (numeric) takes(l literal) bool { return l == number }

// whole is a signed number without a fraction.
type whole struct{ numeric }

var digits = regexp.MustCompile(`^-?\d+$`)

const notWhole = "must be a whole number such as 42"

func (whole) show(v reflect.Value) string { return strconv.FormatInt(v.Int(), 10) }
func (whole) wrong(literal) string        { return notWhole }

func (whole) parse(typed string, into reflect.Value) string {
	if !digits.MatchString(typed) {
		return notWhole
	}
	n, err := strconv.ParseInt(typed, 10, into.Type().Bits())
	switch {
	case err != nil && typed[0] == '-':
		return "is too small"
	case err != nil:
		return "is too large"
	}
	into.SetInt(n)
	return ""
}

// natural is a whole number from zero.
type natural struct{ numeric }

func (natural) show(v reflect.Value) string { return strconv.FormatUint(v.Uint(), 10) }
func (natural) wrong(literal) string        { return notWhole }

func (natural) parse(typed string, into reflect.Value) string {
	switch {
	case !digits.MatchString(typed):
		return notWhole
	case typed[0] == '-' && strings.Trim(typed, "-0") != "":
		return "must not be negative"
	}
	n, err := strconv.ParseUint(strings.TrimPrefix(typed, "-"), 10, into.Type().Bits())
	if err != nil {
		return "is too large"
	}
	into.SetUint(n)
	return ""
}

// exact is a decimal number. Its digits are bounded, because one such as 1e999999999
// is cheap to type and dear to compare.
type exact struct{ numeric }

var (
	fraction = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	bounded  = regexp.MustCompile(`^-?\d{1,12}(\.\d{1,8})?$`)
)

const notNumber = "must be a number such as 4.25"

func (exact) show(v reflect.Value) string { return v.Interface().(decimal.Decimal).String() }
func (exact) wrong(literal) string        { return notNumber }

func (exact) parse(typed string, into reflect.Value) string {
	switch {
	case !fraction.MatchString(typed):
		return notNumber
	case !bounded.MatchString(typed):
		return "must have at most 12 digits before the point and 8 after it"
	}
	into.Set(reflect.ValueOf(decimal.RequireFromString(typed)))
	return ""
}

// float is a number that need not be exact.
type float struct{ numeric }

func (float) show(v reflect.Value) string {
	return strconv.FormatFloat(v.Float(), 'f', -1, v.Type().Bits())
}
func (float) wrong(literal) string { return notNumber }

func (float) parse(typed string, into reflect.Value) string {
	if !fraction.MatchString(typed) {
		return notNumber
	}
	n, err := strconv.ParseFloat(typed, into.Type().Bits())
	if err != nil {
		return "is too large"
	}
	into.SetFloat(n)
	return ""
}

// amount is money in cents. In JSON it is text too: a number could mean cents.
type amount struct{ trimmed }

func (amount) show(v reflect.Value) string { return money.Format(v.Int()) }

func (amount) wrong(l literal) string {
	if l == number {
		return `must be text such as "1,234.56"`
	}
	return money.ErrNotAmount.Error()
}

func (amount) parse(typed string, into reflect.Value) string {
	cents, err := money.Parse(typed)
	if err != nil {
		return err.Error()
	}
	into.SetInt(cents)
	return ""
}

// box is a box that is checked or not; a browser sends nothing where it is not.
type box struct{ trimmed }

const notYesOrNo = "must be yes or no"

func (box) takes(l literal) bool { return l == boolean }
func (box) wrong(literal) string { return notYesOrNo }
func (box) show(v reflect.Value) string {
	if v.Bool() {
		return yes
	}
	return no
}

func (box) parse(typed string, into reflect.Value) string {
	switch typed {
	case yes, "on", "true", "1":
		into.SetBool(true)
	case no, "off", "false", "0":
		into.SetBool(false)
	default:
		return notYesOrNo
	}
	return ""
}

const (
	yes = "yes"
	no  = "no"
)

// identity is a UUID.
type identity struct{ trimmed }

const notUUID = "must be a UUID such as 0190163d-8694-739b-aea5-966c26f8ad91"

func (identity) show(v reflect.Value) string { return v.Interface().(uuid.UUID).String() }
func (identity) wrong(literal) string        { return notUUID }

func (identity) parse(typed string, into reflect.Value) string {
	id, err := uuid.Parse(typed)
	if err != nil {
		return notUUID
	}
	into.Set(reflect.ValueOf(id))
	return ""
}
