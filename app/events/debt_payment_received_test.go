package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func debtPaymentReceived() *debt.PaymentReceived {
	return &debt.PaymentReceived{Principal: 5_000, Note: "first half", On: day}
}

func TestDebtPaymentReceived_Rules(t *testing.T) {
	checkRules(t, debtPaymentReceived, map[string]rule[debt.PaymentReceived]{
		"no principal": {func(e *debt.PaymentReceived) { e.Principal = 0 }, "Amount must be greater than 0"},
		"long note":    {func(e *debt.PaymentReceived) { e.Note = strings.Repeat("a", 201) }, "Note must be a maximum of 200 characters in length"},
		"no day":       {func(e *debt.PaymentReceived) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestDebtPaymentReceived_RoundTrip(t *testing.T) {
	checkRoundTrip(t, debtPaymentReceived(), `{"principal":5000,"note":"first half","on":"2026-01-31"}`)
}
