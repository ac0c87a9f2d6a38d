package streams

import (
	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
)

// Note is one note and all that happens to it.
var Note = &ireneo.Stream{
	Type:          "note",
	Purpose:       "One note and all that happens to it",
	Pattern:       "{uuid}",
	CreatedBy:     "note.created",
	ClosedBy:      "note.archived",
	Transactional: ireneo.Materialize(projections.Notes),
}
