package streams

import "github.com/ireneo-dev/ireneo"

// Sample is one sample and all that happens to it.
var Sample = &ireneo.Stream{
	Type:    "sample",
	Purpose: "One sample and all that happens to it",
	Pattern: "{sample id}",
}
