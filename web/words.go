package web

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/form/money"
)

// Value writes a field of an event or of a row for people. Ids, and what is only there
// for searching, stay out.
func Value(key string, value any) string {
	if key == "id" || strings.HasSuffix(key, "_id") || strings.HasSuffix(key, "_key") {
		return ""
	}
	switch v := value.(type) {
	case int64:
		return money.Format(v)
	case civil.Date:
		return Day(v)
	case decimal.Decimal:
		return v.String()
	case string:
		return v
	default:
		return ""
	}
}

// Day is a date in words, nothing where there is none.
func Day(d civil.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.In(time.UTC).Format("2 Jan 2006")
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
