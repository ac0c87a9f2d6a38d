package projections_test

import (
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var (
	day  = civil.Date{Year: 2026, Month: 1, Day: 31}
	noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
)

var (
	lentPosition = projections.Position{IssuedOn: day, Outstanding: 5_000}
	nothing      []ireneo.FieldError
)

// positions are debts, and what may and may not happen to them.
var positions = map[string]struct {
	given projections.Position
	when  ireneo.AnyEvent
	want  projections.Position
	says  []ireneo.FieldError
}{
	"issue": {projections.Position{}, &debt.Issued{Amount: 5_000, On: day}, lentPosition, nothing},
	"payment": {
		lentPosition, &debt.PaymentReceived{Principal: 2_000, On: day},
		projections.Position{IssuedOn: day, Outstanding: 3_000},
		nothing,
	},
	"payment of all": {
		lentPosition, &debt.PaymentReceived{Principal: 5_000, On: day},
		projections.Position{IssuedOn: day},
		nothing,
	},
	"payment of too much": {
		lentPosition, &debt.PaymentReceived{Principal: 5_001, On: day}, lentPosition,
		[]ireneo.FieldError{{Field: "principal", Message: "Amount exceeds the outstanding balance of 50.00"}},
	},
	"payment before the issue": {
		projections.Position{},
		&debt.PaymentReceived{Principal: 1, On: day},
		projections.Position{},
		[]ireneo.FieldError{{Field: "on", Message: "Date is before the debt was issued"}},
	},
	"write-off": {
		lentPosition, &debt.WrittenOff{Amount: 5_000, On: day},
		projections.Position{IssuedOn: day, WrittenOff: true},
		nothing,
	},
	"write-off of a part": {
		lentPosition, &debt.WrittenOff{Amount: 1_000, On: day},
		projections.Position{IssuedOn: day, Outstanding: 4_000},
		nothing,
	},
	"write-off of too much": {
		lentPosition, &debt.WrittenOff{Amount: 9_999, On: day}, lentPosition,
		[]ireneo.FieldError{{Field: "amount", Message: "Amount exceeds the outstanding balance of 50.00"}},
	},
	"settlement": {
		projections.Position{IssuedOn: day},
		&debt.Settled{On: day},
		projections.Position{IssuedOn: day},
		nothing,
	},
	"settlement too early": {
		lentPosition, &debt.Settled{On: day}, lentPosition,
		[]ireneo.FieldError{{Message: "50.00 is still outstanding on that day"}},
	},
	"settlement of what was written off": {
		projections.Position{IssuedOn: day, WrittenOff: true},
		&debt.Settled{On: day},
		projections.Position{IssuedOn: day, WrittenOff: true},
		[]ireneo.FieldError{{Message: "The debt was written off, so there is nothing to settle"}},
	},
}

func TestDebtPosition_Rules(t *testing.T) {
	for name, tt := range positions {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.DebtPosition, tt.given).When(tt.when).At(noon)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("position differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.says, tt.when.Errors().All()); diff != "" {
				t.Errorf("messages differ (-want +got):\n%s", diff)
			}
		})
	}
}
