package money_test

import (
	"errors"
	"math"
	"testing"

	"github.com/ireneo-dev/ireneo/form/money"
)

func TestParse(t *testing.T) {
	for typed, want := range map[string]struct {
		cents int64
		err   error
	}{
		"1,234.56":              {123456, nil},
		" 1234.5 ":              {123450, nil},
		"0.1":                   {10, nil},
		"7":                     {700, nil},
		"-3":                    {-300, nil},
		"-0.05":                 {-5, nil},
		"92233720368547758.07":  {math.MaxInt64, nil},
		"92233720368547758.08":  {0, money.ErrTooLarge},
		"-92233720368547758.08": {math.MinInt64, nil},
		"":                      {0, money.ErrMissing},
		"  ":                    {0, money.ErrMissing},
		"ten":                   {0, money.ErrNotAmount},
		"1e3":                   {0, money.ErrNotAmount},
		"1.234":                 {0, money.ErrNotAmount},
		"1,23.00":               {0, money.ErrNotAmount},
		".5":                    {0, money.ErrNotAmount},
		"١٢":                    {0, money.ErrNotAmount},
	} {
		if got, err := money.Parse(typed); got != want.cents || !errors.Is(err, want.err) {
			t.Errorf("%q: got %d, %v, want %d, %v", typed, got, err, want.cents, want.err)
		}
	}
}

func TestFormat(t *testing.T) {
	for cents, want := range map[int64]string{
		0: "0.00", 5: "0.05", -5: "-0.05", 12345: "123.45", 123456789: "1,234,567.89",
		math.MaxInt64: "92,233,720,368,547,758.07", math.MinInt64: "-92,233,720,368,547,758.08",
	} {
		if got := money.Format(cents); got != want {
			t.Errorf("%d: got %s, want %s", cents, got, want)
		}
	}
}

func TestPlain(t *testing.T) {
	for cents, want := range map[int64]string{0: "0.00", -5: "-0.05", 123456789: "1234567.89", math.MinInt64: "-92233720368547758.08"} {
		if got := money.Plain(cents); got != want {
			t.Errorf("%d: got %s, want %s", cents, got, want)
		}
	}
}

func FuzzParse_IsUndoneByFormat(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, cents int64) {
		if got, err := money.Parse(money.Format(cents)); got != cents || err != nil {
			t.Errorf("%d: got %d, %v", cents, got, err)
		}
	})
}
