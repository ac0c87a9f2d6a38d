package debt_test

import (
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func settled() *debt.Settled { return &debt.Settled{On: day} }

func TestSettled_Rules(t *testing.T) {
	checkRules(t, settled, map[string]rule[debt.Settled]{
		"no day": {func(e *debt.Settled) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestSettled_RoundTrip(t *testing.T) {
	checkRoundTrip(t, settled(), `{"on":"2026-01-31"}`)
}
