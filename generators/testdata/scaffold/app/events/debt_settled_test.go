package events_test

import (
	_ "embed"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
)

// debtSettledV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed debt/testdata/settled.v1.json
var debtSettledV1 string

func debtSettled() *debt.Settled {
	return &debt.Settled{On: civil.Date{Year: 2026, Month: 1, Day: 31}}
}

func TestDebtSettled_Rules(t *testing.T) {
	checkRules(t, debtSettled, map[string]rule[debt.Settled]{
		"no date": {func(e *debt.Settled) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestDebtSettled_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtSettled(), debtSettledV1)
}
