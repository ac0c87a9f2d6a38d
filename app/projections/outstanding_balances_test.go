package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func lent() projections.OutstandingBalance {
	return projections.OutstandingBalance{
		CustomerID: "ana", Issued: 5_000, Outstanding: 5_000,
		InterestRate: decimal.RequireFromString("4.25"), Status: projections.Open, IssuedOn: day,
	}
}

func TestOutstandingBalances_Interpretations(t *testing.T) {
	for name, tt := range map[string]struct {
		given projections.OutstandingBalance
		when  ireneo.AnyEvent
		then  func(*projections.OutstandingBalance) // changes lent() into what is wanted
	}{
		"issue": {
			projections.OutstandingBalance{},
			&debt.Issued{CustomerID: "ana", Amount: 5_000, InterestRate: decimal.RequireFromString("4.25"), On: day},
			func(*projections.OutstandingBalance) {},
		},
		"payment": {
			lent(), &debt.PaymentReceived{Principal: 2_000, On: day},
			func(b *projections.OutstandingBalance) { b.Outstanding, b.Paid, b.LastPaidOn = 3_000, 2_000, &day },
		},
		"write-off of a part": {
			lent(), &debt.WrittenOff{Amount: 2_000, On: day},
			func(b *projections.OutstandingBalance) { b.Outstanding, b.WrittenOff = 3_000, 2_000 },
		},
		"write-off of all": {
			lent(), &debt.WrittenOff{Amount: 5_000, On: day},
			func(b *projections.OutstandingBalance) {
				b.Outstanding, b.WrittenOff, b.Status = 0, 5_000, projections.WrittenOff
			},
		},
		"settlement": {
			lent(), &debt.Settled{On: day},
			func(b *projections.OutstandingBalance) { b.Status = projections.Settled },
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := lent()
			tt.then(&want)
			got := ireneotest.Given(t, projections.OutstandingBalances, tt.given).When(tt.when).At(noon)
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("balance differs (-want +got):\n%s", diff)
			}
		})
	}
}

// What an append writes is what a replay computes, on both databases.
func TestOutstandingBalances_FindIsReplay(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.append(streams.Debt, "1",
			&debt.Issued{CustomerID: "ana", Amount: 5_000, InterestRate: decimal.RequireFromString("4.25"), On: day},
			&debt.PaymentReceived{Principal: 2_000, On: day})
		got, want := findAndReplay(s, projections.OutstandingBalances, streams.Debt.For("1"))
		want.ID = "1" // a replay knows no row
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row and replay differ (-replay +row):\n%s", diff)
		}
	})
}
