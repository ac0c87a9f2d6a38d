package debt_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func issued() *debt.Issued {
	return &debt.Issued{Customer: "Ana Sousa", Amount: 100_000, InterestRate: decimal.RequireFromString("4.25"), On: day}
}

func TestIssued_Rules(t *testing.T) {
	checkRules(t, issued, map[string]rule[debt.Issued]{
		"no customer":       {func(e *debt.Issued) { e.Customer = "" }, "Customer is required"},
		"long customer":     {func(e *debt.Issued) { e.Customer = strings.Repeat("a", 101) }, "Customer must be a maximum of 100 characters in length"},
		"no amount":         {func(e *debt.Issued) { e.Amount = 0 }, "Amount must be greater than 0"},
		"negative interest": {func(e *debt.Issued) { e.InterestRate = decimal.NewFromInt(-1) }, "Interest rate must be 0 or greater"},
		"usury":             {func(e *debt.Issued) { e.InterestRate = decimal.RequireFromString("100.01") }, "Interest rate must be 100 or less"},
		"no day":            {func(e *debt.Issued) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestIssued_RoundTrip(t *testing.T) {
	checkRoundTrip(t, issued(), `{"customer":"Ana Sousa","amount":100000,"interest_rate":"4.25","on":"2026-01-31"}`)
}
