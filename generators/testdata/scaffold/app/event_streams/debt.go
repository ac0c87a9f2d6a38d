package streams

import (
	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
)

// Debt is one debt and all that happens to it.
var Debt = &ireneo.Stream{
	Type:          "debt",
	Purpose:       "One debt and all that happens to it",
	Pattern:       "{uuid}",
	CreatedBy:     "debt.issued",
	ClosedBy:      "debt.settled",
	ActualTime:    "on",
	Consistency:   projections.DebtPosition,
	Transactional: ireneo.Materialize(projections.Debts),
}
