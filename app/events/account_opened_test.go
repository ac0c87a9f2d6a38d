package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/account"
)

func accountOpened() *account.Opened {
	return &account.Opened{CustomerID: "ana", Name: "Savings", On: day}
}

func TestAccountOpened_Rules(t *testing.T) {
	checkRules(t, accountOpened, map[string]rule[account.Opened]{
		"no customer":   {func(e *account.Opened) { e.CustomerID = "" }, "Customer is required"},
		"long customer": {func(e *account.Opened) { e.CustomerID = strings.Repeat("a", 256) }, "Customer must be a maximum of 255 characters in length"},
		"no name":       {func(e *account.Opened) { e.Name = "" }, "Name is required"},
		"long name":     {func(e *account.Opened) { e.Name = strings.Repeat("a", 101) }, "Name must be a maximum of 100 characters in length"},
		"no day":        {func(e *account.Opened) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestAccountOpened_RoundTrip(t *testing.T) {
	checkRoundTrip(t, accountOpened(), `{"customer_id":"ana","name":"Savings","on":"2026-01-31"}`)
}
