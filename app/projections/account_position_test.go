package projections_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var (
	openFunds  = projections.Funds{OpenedOn: day, Deposited: 7_000, Balance: 5_000}
	emptyFunds = projections.Funds{OpenedOn: day}
	closedOnes = projections.Funds{OpenedOn: day, Closed: true}
)

// accounts are accounts, and what may and may not happen to them.
var accounts = map[string]struct {
	given projections.Funds
	when  ireneo.AnyEvent
	want  projections.Funds
	says  []ireneo.FieldError
}{
	"opening": {projections.Funds{}, &account.Opened{On: day}, emptyFunds, nothing},
	"deposit": {
		openFunds, &account.Deposited{Amount: 1_000, On: day},
		projections.Funds{OpenedOn: day, Deposited: 8_000, Balance: 6_000},
		nothing,
	},
	"deposit of all there can be": {
		openFunds, &account.Deposited{Amount: math.MaxInt64 - 7_000, On: day},
		projections.Funds{OpenedOn: day, Deposited: math.MaxInt64, Balance: math.MaxInt64 - 2_000},
		nothing,
	},
	"deposit beyond all there can be": {
		openFunds, &account.Deposited{Amount: math.MaxInt64 - 6_999, On: day}, openFunds,
		[]ireneo.FieldError{{Field: "amount", Message: "Amount is more than an account can take"}},
	},
	"deposit before the opening": {
		projections.Funds{},
		&account.Deposited{Amount: 1, On: day},
		projections.Funds{},
		[]ireneo.FieldError{{Field: "on", Message: "Date is before the account was opened"}},
	},
	"deposit after the closing": {
		closedOnes, &account.Deposited{Amount: 1, On: day}, closedOnes,
		[]ireneo.FieldError{{Field: "on", Message: "Date is after the account was closed"}},
	},
	"withdrawal of all": {
		openFunds, &account.Withdrawn{Amount: 5_000, On: day},
		projections.Funds{OpenedOn: day, Deposited: 7_000},
		nothing,
	},
	"withdrawal of too much": {
		openFunds, &account.Withdrawn{Amount: 5_001, On: day}, openFunds,
		[]ireneo.FieldError{{Field: "amount", Message: "Amount exceeds the balance of 50.00"}},
	},
	"withdrawal before the opening": {
		projections.Funds{},
		&account.Withdrawn{Amount: 1, On: day},
		projections.Funds{},
		[]ireneo.FieldError{{Field: "on", Message: "Date is before the account was opened"}},
	},
	"closing": {emptyFunds, &account.Closed{On: day}, closedOnes, nothing},
	"closing too early": {
		openFunds, &account.Closed{On: day}, openFunds,
		[]ireneo.FieldError{{Message: "50.00 is still in the account on that day"}},
	},
	"closing before the opening": {
		projections.Funds{},
		&account.Closed{On: day},
		projections.Funds{},
		[]ireneo.FieldError{{Field: "on", Message: "Date is before the account was opened"}},
	},
}

func TestAccountPosition_Rules(t *testing.T) {
	for name, tt := range accounts {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.AccountPosition, tt.given).When(tt.when).At(noon)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("funds differ (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.says, tt.when.Errors().All()); diff != "" {
				t.Errorf("messages differ (-want +got):\n%s", diff)
			}
		})
	}
}
