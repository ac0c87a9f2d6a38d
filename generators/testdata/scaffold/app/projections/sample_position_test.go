package projections_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func TestSamplePosition_Rules(t *testing.T) {
	begun := projections.SampleState{Begun: true}
	early := "Taken on is before the sample began"
	for name, tt := range map[string]struct {
		given, want projections.SampleState
		when        ireneo.AnyEvent
		says        string
	}{
		"taken":             {projections.SampleState{}, begun, &sample.Taken{}, ""},
		"weighed":           {begun, begun, &sample.Weighed{}, ""},
		"weighed too early": {projections.SampleState{}, projections.SampleState{}, &sample.Weighed{}, early},
	} {
		t.Run(name, func(t *testing.T) {
			at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
			got := ireneotest.Given(t, projections.SamplePosition, tt.given).When(tt.when).At(at)
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
