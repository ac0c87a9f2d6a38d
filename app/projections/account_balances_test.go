package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func savings() projections.AccountBalance {
	return projections.AccountBalance{
		CustomerID: "ana", Name: "Savings", NameKey: "savings", Balance: 5_000, Deposited: 5_000,
		Status: projections.Open, OpenedOn: day,
	}
}

func TestAccountBalances_Interpretations(t *testing.T) {
	for name, tt := range map[string]struct {
		given projections.AccountBalance
		when  ireneo.AnyEvent
		then  func(*projections.AccountBalance) // changes savings() into what is wanted
	}{
		"opening": {
			projections.AccountBalance{},
			&account.Opened{CustomerID: "ana", Name: "Savings", On: day},
			func(b *projections.AccountBalance) { b.Balance, b.Deposited = 0, 0 },
		},
		"deposit": {
			savings(), &account.Deposited{Amount: 2_000, On: day},
			func(b *projections.AccountBalance) { b.Balance, b.Deposited, b.LastMovedOn = 7_000, 7_000, &day },
		},
		"withdrawal": {
			savings(), &account.Withdrawn{Amount: 2_000, On: day},
			func(b *projections.AccountBalance) { b.Balance, b.Withdrawn, b.LastMovedOn = 3_000, 2_000, &day },
		},
		"closing": {
			savings(), &account.Closed{On: day},
			func(b *projections.AccountBalance) { b.Status = projections.Closed },
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := savings()
			tt.then(&want)
			got := ireneotest.Given(t, projections.AccountBalances, tt.given).When(tt.when).At(noon)
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("balance differs (-want +got):\n%s", diff)
			}
		})
	}
}

// What an append writes is what a replay computes, on both databases.
func TestAccountBalances_FindIsReplay(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.append(streams.Account, "1",
			&account.Opened{CustomerID: "ana", Name: "Savings", On: day},
			&account.Deposited{Amount: 5_000, On: day},
			&account.Withdrawn{Amount: 5_000, On: day.AddDays(2)},
			&account.Closed{On: day.AddDays(3)})
		got, want := findAndReplay(s, projections.AccountBalances, streams.Account.For("1"))
		want.ID = "1" // a replay knows no row
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row and replay differ (-replay +row):\n%s", diff)
		}
	})
}

// What comes late may take no money away that was needed later, and an account that was
// closed meanwhile stays closed.
func TestAccountPosition_LateEvents(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.append(streams.Account, "1",
			&account.Opened{CustomerID: "ana", Name: "Savings", On: day},
			&account.Deposited{Amount: 5_000, On: day},
			&account.Withdrawn{Amount: 4_000, On: day.AddDays(4)})
		s.refused(streams.Account, "1", &account.Withdrawn{Amount: 2_000, On: day.AddDays(1)}, "exceeds the balance of 30.00")
		s.refused(streams.Account, "1", &account.Withdrawn{Amount: 1, On: day.AddDays(-1)}, "is before the account was opened")

		s.append(streams.Account, "2",
			&account.Opened{CustomerID: "ana", Name: "Till", On: day},
			&account.Deposited{Amount: 10, On: day.AddDays(4)},
			&account.Withdrawn{Amount: 10, On: day.AddDays(4)})
		s.refused(streams.Account, "2", &account.Closed{On: day.AddDays(1)}, "is after the account was closed")
		s.append(streams.Account, "2", &account.Closed{On: day.AddDays(4)})
	})
}
