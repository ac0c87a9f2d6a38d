package projections_test

import (
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/coldroom"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// coldCountsCases are events, and what each makes of the model.
var coldCountsCases = map[string]struct {
	given projections.ColdCount
	when  ireneo.AnyEvent
	want  projections.ColdCount
}{
	"cold room host linux": {
		projections.ColdCount{},
		&coldroom.HostLinux{On: civil.Date{Year: 2026, Month: 1, Day: 31}},
		projections.ColdCount{On: civil.Date{Year: 2026, Month: 1, Day: 31}},
	},
}

func TestColdCounts_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range coldCountsCases {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.ColdCounts, tt.given).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("model differs (-want +got):\n%s", diff)
			}
		})
	}
}
