package streams

import (
	"github.com/ireneo-dev/ireneo"

	"github.com/ireneo-dev/ireneo/app/projections"
)

// Account is one account of a customer: opened once, paid into and out of, closed when
// it is empty.
var Account = &ireneo.Stream{
	Type:          "account",
	Purpose:       "One account from opening to closing",
	Pattern:       "{uuid}",
	CreatedBy:     "account.opened",
	ClosedBy:      "account.closed",
	Related:       []string{"customer"},
	ActualTime:    "on",
	Consistency:   projections.AccountPosition,
	Transactional: ireneo.Materialize(projections.AccountBalances),
}
