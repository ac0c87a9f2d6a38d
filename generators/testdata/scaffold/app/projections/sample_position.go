package projections

import (
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
)

// SampleState is what has to be known of a sample to decide what may happen to it next.
type SampleState struct {
	Begun bool // the first event was seen
}

// SamplePosition guards the sample: nothing happens to it before it began.
var SamplePosition = ireneo.NewProjection("sample_position",
	ireneo.On(func(s *SampleState, _ *sample.Taken, _ time.Time) { s.Begun = true }),
	ireneo.On(func(s *SampleState, e *sample.Weighed, _ time.Time) { s.check(e) }),
)

// check rejects an event dated before the first. Events are folded in the order in which
// they happened, so such an event meets a state that has not begun.
func (s *SampleState) check(e ireneo.AnyEvent) {
	if !s.Begun {
		e.Errors().Add("taken_on", "is before the sample began")
	}
}
