// Package money writes and reads amounts of money, held as whole cents in an int64.
// No float is ever involved.
package money

import (
	"errors"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Errors of Parse. Each completes a sentence that begins with the field's label.
var (
	// ErrMissing says that nothing was typed.
	ErrMissing = errors.New("is required")
	// ErrNotAmount says that the text is no amount.
	ErrNotAmount = errors.New("must be an amount such as 1,234.56")
	// ErrTooLarge says that the amount does not fit.
	ErrTooLarge = errors.New("is too large")
)

var (
	plain   = regexp.MustCompile(`^-?\d+(\.\d{1,2})?$`)
	grouped = regexp.MustCompile(`^-?\d{1,3}(,\d{3})+(\.\d{1,2})?$`)
)

// Parse reads an amount as people type it, 1234.5 or 1,234.56, exactly. Its errors are
// ErrMissing, ErrNotAmount and ErrTooLarge.
func Parse(typed string) (cents int64, err error) {
	typed = strings.TrimSpace(typed)
	switch {
	case typed == "":
		return 0, ErrMissing
	case !plain.MatchString(typed) && !grouped.MatchString(typed):
		return 0, ErrNotAmount
	}

	whole, fraction, _ := strings.Cut(strings.ReplaceAll(typed, ",", ""), ".")
	fraction += "00"
	cents, err = strconv.ParseInt(whole+fraction[:2], 10, 64)
	if err != nil {
		return 0, ErrTooLarge
	}
	return cents, nil
}

// Format writes cents for people, as 1,234.56.
func Format(cents int64) string {
	sign, whole, fraction := split(cents)
	return sign + Group(whole) + "." + fraction
}

// Plain writes cents for programs, as 1234.56.
func Plain(cents int64) string {
	sign, whole, fraction := split(cents)
	return sign + whole + "." + fraction
}

func split(cents int64) (sign, whole, fraction string) {
	magnitude := uint64(cents)
	if cents < 0 {
		sign, magnitude = "-", uint64(math.MaxUint64)-uint64(cents)+1
	}
	digits := strconv.FormatUint(magnitude, 10)
	for len(digits) < 3 {
		digits = "0" + digits
	}
	return sign, digits[:len(digits)-2], digits[len(digits)-2:]
}

// Group puts a comma between every three digits.
func Group(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
