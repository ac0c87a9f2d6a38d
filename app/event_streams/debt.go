package streams

import (
	"github.com/ireneo-dev/ireneo"

	"github.com/ireneo-dev/ireneo/app/projections"
)

// Debt is one loan: issued once, paid back in parts, settled or written off.
var Debt = &ireneo.Stream{
	Type:          "debt",
	Purpose:       "One loan from issue to settlement",
	Pattern:       "{uuid}",
	CreatedBy:     "debt.issued",
	ClosedBy:      "debt.settled",
	Related:       []string{"customer"},
	ActualTime:    "on",
	Consistency:   projections.DebtPosition,
	Transactional: ireneo.Materialize(projections.OutstandingBalances),
}
