package commands_test

import (
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/commands"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// Days of a January.
var (
	first  = civil.Date{Year: 2026, Month: 1, Day: 1}
	second = civil.Date{Year: 2026, Month: 1, Day: 2}
	third  = civil.Date{Year: 2026, Month: 1, Day: 3}
)

var (
	from   = streams.Account.For("from")
	to     = streams.Account.For("to")
	closed = streams.Account.For("closed")
)

// accounts have 1.00 in the one, since the second day, and nothing in the others.
func accounts(t *testing.T) *ireneotest.History {
	return ireneotest.Commands(t, ireneo.Config{Streams: streams.All, Events: events.All}).
		Given(from, &account.Opened{CustomerID: "ana", Name: "Wages", On: first}, &account.Deposited{Amount: 100, On: second}).
		Given(to, &account.Opened{CustomerID: "bo", Name: "Rent", On: second}).
		Given(closed, &account.Opened{CustomerID: "bo", Name: "Old", On: first}, &account.Closed{On: first})
}

func TestTransfer(t *testing.T) {
	accounts(t).
		When(&commands.Transfer{From: "from", To: "to", Amount: 100, Note: "rent", On: third}).
		Then(from, &account.Withdrawn{Amount: 100, Note: "rent", ToID: "to", On: third}).
		Then(to, &account.Deposited{Amount: 100, Note: "rent", FromID: "from", On: third})
}

func TestTransfer_Rejected(t *testing.T) {
	for name, tt := range map[string]struct {
		cmd            *commands.Transfer
		field, message string
	}{
		"nothing":                      {&commands.Transfer{From: "from", To: "to", On: third}, "amount", "must be greater than 0"},
		"too much":                     {&commands.Transfer{From: "from", To: "to", Amount: 101, On: third}, "amount", "exceeds the balance of 1.00"},
		"to itself":                    {&commands.Transfer{From: "from", To: "from", Amount: 1, On: third}, "to", "must be another one"},
		"from nobody":                  {&commands.Transfer{From: "nobody", To: "to", Amount: 1, On: third}, "from", "does not exist"},
		"from a closed one":            {&commands.Transfer{From: "closed", To: "to", Amount: 1, On: third}, "from", "is closed"},
		"to nobody":                    {&commands.Transfer{From: "from", To: "nobody", Amount: 1, On: third}, "to", "does not exist"},
		"to a closed one":              {&commands.Transfer{From: "from", To: "closed", Amount: 1, On: third}, "to", "is closed"},
		"before the first was opened":  {&commands.Transfer{From: "to", To: "from", Amount: 1, On: first}, "on", "is before the account was opened"},
		"before anything was in there": {&commands.Transfer{From: "to", To: "from", Amount: 1, On: third}, "amount", "exceeds the balance of 0.00"},
		"before the second was opened": {&commands.Transfer{From: "from", To: "to", Amount: 1, On: first}, "on", "is before the other account was opened"},
	} {
		t.Run(name, func(t *testing.T) {
			accounts(t).When(tt.cmd).ThenRejected(tt.field, tt.message)
		})
	}
}
