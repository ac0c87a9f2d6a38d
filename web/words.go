package web

import (
	"math/big"
	"strconv"

	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form/money"
	"github.com/ireneo-dev/ireneo/view"
)

// Value writes a field of an event or of a row for people: whole numbers are money here.
func Value(key string, value any) string {
	if cents, ok := value.(int64); ok {
		return money.Format(cents)
	}
	return view.Value(key, value)
}

// StatusWord is what a state of a debt or an account is called.
func StatusWord(status string) string {
	switch status {
	case projections.Settled:
		return "Settled"
	case projections.Closed:
		return "Closed"
	case projections.WrittenOff:
		return "Written off"
	default:
		return "Open"
	}
}

// Total is a sum of cents of any size.
func Total(cents *big.Int) string {
	if cents.IsInt64() {
		return money.Format(cents.Int64())
	}
	digits := cents.String()
	return money.Group(digits[:len(digits)-2]) + "." + digits[len(digits)-2:]
}

// Count is a number of things, such as "1 debt" or "1,200 debts".
func Count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return money.Group(strconv.FormatInt(n, 10)) + " " + many
}
