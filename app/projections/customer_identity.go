package projections

import (
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/customer"
)

// Identity is what has to be known of a customer to decide what may happen next.
type Identity struct {
	RegisteredOn civil.Date // zero before the registration
	Name         string
}

// CustomerIdentity guards the customer: nothing happens before the registration, and
// nobody is renamed to the name they have.
var CustomerIdentity = ireneo.NewProjection("customer_identity",
	ireneo.On(func(i *Identity, e *customer.Registered, _ time.Time) {
		i.RegisteredOn, i.Name = e.On, e.Name
	}),
	ireneo.On(func(i *Identity, e *customer.Renamed, _ time.Time) {
		switch {
		case i.unborn(e):
		case e.Name == i.Name:
			e.Errors().Add("name", "is the same as before")
		default:
			i.Name = e.Name
		}
	}),
	ireneo.On(func(i *Identity, e *customer.ContactChanged, _ time.Time) { i.unborn(e) }),
)

// unborn rejects an event dated before the registration, which in the order in which
// things happened meets nobody yet.
func (i *Identity) unborn(e ireneo.AnyEvent) bool {
	if !i.RegisteredOn.IsZero() {
		return false
	}
	e.Errors().Add("on", "is before the customer was registered")
	return true
}
