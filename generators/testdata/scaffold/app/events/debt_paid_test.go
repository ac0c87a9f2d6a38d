package events_test

import (
	_ "embed"
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
)

// debtPaidV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed debt/testdata/paid.v1.json
var debtPaidV1 string

func debtPaid() *debt.Paid {
	return &debt.Paid{Amount: 100_000, On: civil.Date{Year: 2026, Month: 1, Day: 31}, Note: new("Some words")}
}

func TestDebtPaid_Rules(t *testing.T) {
	checkRules(t, debtPaid, map[string]rule[debt.Paid]{
		"no amount": {func(e *debt.Paid) { e.Amount = 0 }, "Amount must be greater than 0"},
		"no date":   {func(e *debt.Paid) { e.On = civil.Date{} }, "Date is required"},
		"long note": {func(e *debt.Paid) { e.Note = new(strings.Repeat("a", 10_001)) }, "Note must be a maximum of 10,000 characters in length"},
	})
}

func TestDebtPaid_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtPaid(), debtPaidV1)
}
