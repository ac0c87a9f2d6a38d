package validation

import (
	"cmp"
	"math"
	"reflect"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/go-playground/validator/v10"
	"github.com/shopspring/decimal"
)

// Decimals are shown to the validator as floats, so that its tags and messages for
// numbers apply to them; these comparisons are then made again, exactly.
var comparisons = map[string]func(cmp int) bool{
	"gt":  func(cmp int) bool { return cmp > 0 },
	"gte": func(cmp int) bool { return cmp >= 0 },
	"min": func(cmp int) bool { return cmp >= 0 },
	"lt":  func(cmp int) bool { return cmp < 0 },
	"lte": func(cmp int) bool { return cmp <= 0 },
	"max": func(cmp int) bool { return cmp <= 0 },
}

func registerDecimals(v *validator.Validate) error {
	v.RegisterCustomTypeFunc(func(field reflect.Value) any {
		return field.Interface().(decimal.Decimal).InexactFloat64()
	}, decimal.Decimal{})

	plain := validator.New()
	for tag, holds := range comparisons {
		if err := v.RegisterValidation(tag, exactly(plain, tag, holds)); err != nil {
			return err
		}
	}
	return nil
}

// exactly compares decimals without rounding, whole numbers and sizes at once, and leaves every
// other type to the validator's own function, which replacing it has put out of reach
// but for a detour that costs more than the rest of an event's validation.
func exactly(plain *validator.Validate, tag string, holds func(int) bool) validator.Func {
	var params sync.Map // numbers by their text, of which tags have few
	numberOf := func(text string) number {
		if known, ok := params.Load(text); ok {
			return known.(number)
		}
		d, err := decimal.NewFromString(text)
		if err != nil {
			panic("validation: " + tag + "=" + text + " is not a number")
		}
		n := number{d, d.InexactFloat64()}
		params.Store(text, n)
		return n
	}
	return func(fl validator.FieldLevel) bool {
		if fl.Field().Kind() == reflect.Float64 {
			want := numberOf(fl.Param())
			if result, sure := want.roughly(fl.Field().Float()); sure {
				return holds(result)
			}
			if got, ok := decimalOf(fl); ok {
				return holds(got.Cmp(want.exact))
			}
		}
		if got, want, ok := integers(fl); ok {
			return holds(cmp.Compare(got, want))
		}
		return plain.Var(fl.Field().Interface(), tag+"="+fl.Param()) == nil
	}
}

// number is what a value is compared with.
type number struct {
	exact decimal.Decimal
	float float64
}

// roughly compares floats that are further apart than their rounding, by far; only for
// the others is the exact value looked up, which takes longer.
func (n number) roughly(got float64) (result int, sure bool) {
	const rounding = 1e-12 // of either; a float64 is off by 2^-53
	sure = math.Abs(got-n.float) > rounding*max(math.Abs(got), math.Abs(n.float))
	return cmp.Compare(got, n.float), sure
}

// integers are what of the field is compared, and the parameter, where both are whole numbers:
// itself, the characters of a text, or how many elements it has. Durations are left to the
// validator, which reads units in their parameters.
func integers(fl validator.FieldLevel) (got, want int64, ok bool) {
	field := fl.Field()
	switch kind := field.Kind(); {
	case field.CanInt() && field.Type() != reflect.TypeFor[time.Duration]():
		got = field.Int()
	case kind == reflect.String:
		got = int64(utf8.RuneCountInString(field.String()))
	case kind == reflect.Slice, kind == reflect.Map, kind == reflect.Array:
		got = int64(field.Len())
	default:
		return 0, 0, false
	}
	want, err := strconv.ParseInt(fl.Param(), 0, 64)
	return got, want, err == nil
}

// decimalOf finds the decimal behind the float that the validator sees.
func decimalOf(fl validator.FieldLevel) (decimal.Decimal, bool) {
	if fl.Parent().Kind() != reflect.Struct {
		return decimal.Decimal{}, false
	}
	field := fl.Parent().FieldByName(fl.StructFieldName())
	if field.IsValid() && field.Kind() == reflect.Pointer && !field.IsNil() {
		field = field.Elem()
	}
	if !field.IsValid() || !field.CanInterface() {
		return decimal.Decimal{}, false
	}
	d, ok := field.Interface().(decimal.Decimal)
	return d, ok
}
