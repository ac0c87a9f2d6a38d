package events_test

import (
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/account"
)

func accountClosed() *account.Closed {
	return &account.Closed{On: day}
}

func TestAccountClosed_Rules(t *testing.T) {
	checkRules(t, accountClosed, map[string]rule[account.Closed]{
		"no day": {func(e *account.Closed) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestAccountClosed_RoundTrip(t *testing.T) {
	checkRoundTrip(t, accountClosed(), `{"on":"2026-01-31"}`)
}
