package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/account"
)

func accountWithdrawn() *account.Withdrawn {
	return &account.Withdrawn{Amount: 5_000, Note: "in cash", On: day}
}

func TestAccountWithdrawn_Rules(t *testing.T) {
	checkRules(t, accountWithdrawn, map[string]rule[account.Withdrawn]{
		"no amount":       {func(e *account.Withdrawn) { e.Amount = 0 }, "Amount must be greater than 0"},
		"negative amount": {func(e *account.Withdrawn) { e.Amount = -1 }, "Amount must be greater than 0"},
		"long note":       {func(e *account.Withdrawn) { e.Note = strings.Repeat("a", 201) }, "Note must be a maximum of 200 characters in length"},
		"no day":          {func(e *account.Withdrawn) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestAccountWithdrawn_RoundTrip(t *testing.T) {
	checkRoundTrip(t, accountWithdrawn(), `{"amount":5000,"note":"in cash","on":"2026-01-31"}`)
}
