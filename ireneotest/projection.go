package ireneotest

import (
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Case is a projection in a given state, about to see events.
type Case[M any] struct {
	t          testing.TB
	projection *ireneo.Projection[M]
	state      *M
	events     []ireneo.AnyEvent
}

// Given starts a test of a projection's interpretations, without a database:
//
//	got := ireneotest.Given(t, projections.OutstandingBalances, OutstandingBalance{Outstanding: 100}).
//		When(&debt.PaymentReceived{Principal: 30}).
//		At(noon)
//
// Neither Initial nor Final of the projection is applied: those are tested alone, with
// the projection's own methods.
func Given[M any](t testing.TB, projection *ireneo.Projection[M], state M) *Case[M] {
	return &Case[M]{t: t, projection: projection, state: &state}
}

// When names the events to interpret, in order.
func (c *Case[M]) When(events ...ireneo.AnyEvent) *Case[M] {
	c.events = append(c.events, events...)
	return c
}

// At interprets the events as having occurred at this moment and returns the state
// after them. What the interpretations said is in each event's Errors.
func (c *Case[M]) At(at time.Time) *M {
	c.t.Helper()
	for _, ev := range c.events {
		if err := c.projection.Interpret(c.state, ev, at); err != nil {
			c.t.Fatal(err)
		}
	}
	c.events = nil
	return c.state
}
