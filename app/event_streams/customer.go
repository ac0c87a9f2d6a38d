package streams

import (
	"github.com/ireneo-dev/ireneo"

	"github.com/ireneo-dev/ireneo/app/projections"
)

// Customer is one person or company we do business with.
var Customer = &ireneo.Stream{
	Type:          "customer",
	Purpose:       "One customer, how they are called and reached",
	Pattern:       "{uuid}",
	CreatedBy:     "customer.registered",
	ActualTime:    "on",
	Consistency:   projections.CustomerIdentity,
	Transactional: ireneo.Materialize(projections.Customers),
}
