package events_test

import (
	_ "embed"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
)

// debtIssuedV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed debt/testdata/issued.v1.json
var debtIssuedV1 string

func debtIssued() *debt.Issued {
	return &debt.Issued{Amount: 100_000, On: civil.Date{Year: 2026, Month: 1, Day: 31}}
}

func TestDebtIssued_Rules(t *testing.T) {
	checkRules(t, debtIssued, map[string]rule[debt.Issued]{
		"no amount": {func(e *debt.Issued) { e.Amount = 0 }, "Amount must be greater than 0"},
		"no date":   {func(e *debt.Issued) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestDebtIssued_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtIssued(), debtIssuedV1)
}
