package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/account"
)

func accountDeposited() *account.Deposited {
	return &account.Deposited{Amount: 5_000, Note: "in cash", On: day}
}

func TestAccountDeposited_Rules(t *testing.T) {
	checkRules(t, accountDeposited, map[string]rule[account.Deposited]{
		"no amount":       {func(e *account.Deposited) { e.Amount = 0 }, "Amount must be greater than 0"},
		"negative amount": {func(e *account.Deposited) { e.Amount = -1 }, "Amount must be greater than 0"},
		"long note":       {func(e *account.Deposited) { e.Note = strings.Repeat("a", 201) }, "Note must be a maximum of 200 characters in length"},
		"no day":          {func(e *account.Deposited) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestAccountDeposited_RoundTrip(t *testing.T) {
	checkRoundTrip(t, accountDeposited(), `{"amount":5000,"note":"in cash","on":"2026-01-31"}`)
}
