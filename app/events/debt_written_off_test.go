package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func debtWrittenOff() *debt.WrittenOff {
	return &debt.WrittenOff{Amount: 5_000, Reason: "insolvent", On: day}
}

func TestDebtWrittenOff_Rules(t *testing.T) {
	checkRules(t, debtWrittenOff, map[string]rule[debt.WrittenOff]{
		"no amount":   {func(e *debt.WrittenOff) { e.Amount = 0 }, "Amount must be greater than 0"},
		"no reason":   {func(e *debt.WrittenOff) { e.Reason = "" }, "Reason is required"},
		"long reason": {func(e *debt.WrittenOff) { e.Reason = strings.Repeat("a", 201) }, "Reason must be a maximum of 200 characters in length"},
		"no day":      {func(e *debt.WrittenOff) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestDebtWrittenOff_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtWrittenOff(), `{"amount":5000,"reason":"insolvent","on":"2026-01-31"}`)
}
