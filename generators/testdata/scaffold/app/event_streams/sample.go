package streams

import (
	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
)

// Sample is one sample and all that happens to it.
var Sample = &ireneo.Stream{
	Type:          "sample",
	Purpose:       "One sample and all that happens to it",
	Pattern:       "{uuid}",
	CreatedBy:     "sample.taken",
	ActualTime:    "taken_on",
	Consistency:   projections.SamplePosition,
	Transactional: ireneo.Materialize(projections.Samples),
}
