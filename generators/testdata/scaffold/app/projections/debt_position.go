package projections

import (
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
)

// DebtState is what has to be known of a debt to decide what may happen to it next.
type DebtState struct {
	Begun bool // the first event was seen
}

// DebtPosition guards the debt: nothing happens to it before it began.
var DebtPosition = ireneo.NewProjection("debt_position",
	ireneo.On(func(s *DebtState, _ *debt.Issued, _ time.Time) { s.Begun = true }),
	ireneo.On(func(s *DebtState, e *debt.Paid, _ time.Time) { s.check(e) }),
	ireneo.On(func(s *DebtState, e *debt.Settled, _ time.Time) { s.check(e) }),
)

// check rejects an event dated before the first. Events are folded in the order in which
// they happened, so such an event meets a state that has not begun.
func (s *DebtState) check(e ireneo.AnyEvent) {
	if !s.Begun {
		e.Errors().Add("on", "is before the debt began")
	}
}
