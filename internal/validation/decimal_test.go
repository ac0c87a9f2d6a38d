package validation_test

import (
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/go-playground/validator/v10"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/internal/validation"
)

type bounded struct {
	Above decimal.Decimal  `validate:"gt=0.1"`
	Below *decimal.Decimal `validate:"omitempty,lte=9007199254740993"`
	Float float64          `validate:"gte=0.1"`
}

// Decimals are compared exactly, however near they are; floats as floats.
func TestStruct_ComparesNearDecimalsExactly(t *testing.T) {
	v, err := validation.New(validation.English)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		above, below string
		float        float64
		problems     int
	}{
		"far":                       {"1", "1", 1, 0},
		"equal":                     {"0.1", "9007199254740993", 0.1, 1},
		"a little more":             {"0.10000000000000000000000001", "9007199254740994", 0.1, 1},
		"a little less":             {"0.09999999999999999999999999", "9007199254740992", 0.1, 1},
		"more than a float can say": {"1e400", "-1e400", math.Inf(1), 0},
		"no number":                 {"1", "1", math.NaN(), 1},
		"less":                      {"-5", "9007199254740995", 0.0999999, 3},
	} {
		below := decimal.RequireFromString(tt.below)
		b := &bounded{Above: decimal.RequireFromString(tt.above), Below: &below, Float: tt.float}
		if got := v.Struct(b); len(got) != tt.problems {
			t.Errorf("%s: got %v, want %d problems", name, got, tt.problems)
		}
	}
}

type sized struct {
	Text  string         `json:"text" validate:"min=2,max=3"`
	Bytes []byte         `json:"bytes" validate:"gt=1,lt=4"`
	Keys  map[string]int `json:"keys" validate:"gte=2,lte=3"`
	Array [2]int         `json:"array" validate:"min=2"`
}

// Sizes are compared as the validator's own functions compare them: texts by characters.
func TestStruct_ComparesSizes(t *testing.T) {
	v, err := validation.New(validation.English)
	if err != nil {
		t.Fatal(err)
	}
	plain := validator.New()
	for _, text := range []string{"", "é", "éé", "ééé", "éééé", "\xff\xff", "日本語"} {
		for n := range 5 {
			s := &sized{Text: text, Bytes: make([]byte, n), Keys: map[string]int{}}
			for i := range n {
				s.Keys[strconv.Itoa(i)] = i
			}
			want := 0
			if wrong, ok := errors.AsType[validator.ValidationErrors](plain.Struct(s)); ok {
				want = len(wrong)
			}
			if got := v.Struct(s); len(got) != want {
				t.Errorf("%q and %d: got %v, want %d problems", text, n, got, want)
			}
		}
	}
}
