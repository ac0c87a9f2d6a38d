package commands_test

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/commands"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var (
	old   = streams.Debt.For("old")
	rate  = decimal.RequireFromString("4.25")
	lower = decimal.RequireFromString("3.5")
)

// debts are one of 1.00 of which 0.60 is outstanding, at version 2, one that is settled, one
// that is written off and one that is paid back.
func debts(t *testing.T) *ireneotest.History {
	issued := &debt.Issued{CustomerID: "ana", Amount: 100, InterestRate: rate, On: first}
	again := func() ireneo.AnyEvent { ev := *issued; return &ev }
	return ireneotest.Commands(t, ireneo.Config{Streams: streams.All, Events: events.All}).
		Given(old, again(), &debt.PaymentReceived{Principal: 40, On: second}).
		Given(streams.Debt.For("settled"), again(), &debt.PaymentReceived{Principal: 100, On: second}, &debt.Settled{On: second}).
		Given(streams.Debt.For("gone"), again(), &debt.WrittenOff{Amount: 100, Reason: "gone", On: second}).
		Given(streams.Debt.For("paid"), again(), &debt.PaymentReceived{Principal: 100, On: second})
}

func TestRefinance(t *testing.T) {
	for name, seen := range map[string]int64{"as it was seen": 2, "whatever it is": 0} {
		t.Run(name, func(t *testing.T) {
			done := debts(t).When(&commands.Refinance{DebtID: "old", Seen: seen, Amount: 80, InterestRate: lower, On: third})
			done.
				Then(old, &debt.PaymentReceived{Principal: 60, FromID: done.ID(), On: third}, &debt.Settled{IntoID: done.ID(), On: third}).
				Then(streams.Debt.For(done.ID()), &debt.Issued{CustomerID: "ana", Amount: 80, InterestRate: lower, RefinancesID: "old", On: third})
		})
	}
}

func TestRefinance_Rejected(t *testing.T) {
	for name, tt := range map[string]struct {
		cmd            *commands.Refinance
		field, message string
	}{
		"nobody's":                    {&commands.Refinance{DebtID: "nobody", Amount: 60, On: third}, "debt_id", "does not exist"},
		"settled":                     {&commands.Refinance{DebtID: "settled", Amount: 60, On: third}, "debt_id", "is closed"},
		"written off":                 {&commands.Refinance{DebtID: "gone", Amount: 60, On: third}, "debt_id", "is closed"},
		"paid back":                   {&commands.Refinance{DebtID: "paid", Amount: 60, On: third}, "debt_id", "is paid back, so there is nothing to refinance"},
		"too little":                  {&commands.Refinance{DebtID: "old", Amount: 59, On: third}, "amount", "is less than what is outstanding"},
		"too little of what was seen": {&commands.Refinance{DebtID: "old", Seen: 1, Amount: 59, On: third}, "amount", "is less than what is outstanding"},
		"not what was seen":           {&commands.Refinance{DebtID: "old", Seen: 1, Amount: 60, On: third}, "seen", "has changed meanwhile"},
		"rate":                        {&commands.Refinance{DebtID: "old", Amount: 60, InterestRate: decimal.NewFromInt(101), On: third}, "interest_rate", "must be 100 or less"},
		"before a payment":            {&commands.Refinance{DebtID: "old", Amount: 60, On: first}, "", "0.40 is still outstanding on that day"},
	} {
		t.Run(name, func(t *testing.T) {
			debts(t).When(tt.cmd).ThenRejected(tt.field, tt.message)
		})
	}
}
