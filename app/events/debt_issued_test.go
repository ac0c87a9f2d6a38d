package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func debtIssued() *debt.Issued {
	return &debt.Issued{CustomerID: "ana", Amount: 100_000, InterestRate: decimal.RequireFromString("4.25"), On: day}
}

func TestDebtIssued_Rules(t *testing.T) {
	checkRules(t, debtIssued, map[string]rule[debt.Issued]{
		"no customer":       {func(e *debt.Issued) { e.CustomerID = "" }, "Customer is required"},
		"long customer":     {func(e *debt.Issued) { e.CustomerID = strings.Repeat("a", 256) }, "Customer must be a maximum of 255 characters in length"},
		"no amount":         {func(e *debt.Issued) { e.Amount = 0 }, "Amount must be greater than 0"},
		"negative interest": {func(e *debt.Issued) { e.InterestRate = decimal.NewFromInt(-1) }, "Interest rate must be 0 or greater"},
		"usury":             {func(e *debt.Issued) { e.InterestRate = decimal.RequireFromString("100.01") }, "Interest rate must be 100 or less"},
		"no day":            {func(e *debt.Issued) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestDebtIssued_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtIssued(), `{"customer_id":"ana","amount":100000,"interest_rate":"4.25","on":"2026-01-31"}`)
}
