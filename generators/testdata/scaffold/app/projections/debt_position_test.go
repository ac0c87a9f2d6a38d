package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func TestDebtPosition_Rules(t *testing.T) {
	begun := projections.DebtState{Begun: true}
	early := "Date is before the debt began"
	for name, tt := range map[string]struct {
		given, want projections.DebtState
		when        ireneo.AnyEvent
		says        string
	}{
		"issued":            {projections.DebtState{}, begun, &debt.Issued{}, ""},
		"paid":              {begun, begun, &debt.Paid{}, ""},
		"paid too early":    {projections.DebtState{}, projections.DebtState{}, &debt.Paid{}, early},
		"settled":           {begun, begun, &debt.Settled{}, ""},
		"settled too early": {projections.DebtState{}, projections.DebtState{}, &debt.Settled{}, early},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
			got := ireneotest.Given(t, projections.DebtPosition, tt.given).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("state differs (-want +got):\n%s", diff)
			}
			said := ""
			for _, e := range tt.when.Errors().All() {
				said += e.Message
			}
			if said != tt.says {
				t.Errorf("got %q, want %q", said, tt.says)
			}
		})
	}
}
