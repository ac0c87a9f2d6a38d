package events_test

import (
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func debtSettled() *debt.Settled { return &debt.Settled{On: day} }

func TestDebtSettled_Rules(t *testing.T) {
	checkRules(t, debtSettled, map[string]rule[debt.Settled]{
		"no day": {func(e *debt.Settled) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestDebtSettled_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtSettled(), `{"on":"2026-01-31"}`)
}
