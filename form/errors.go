package form

import (
	"net/http"

	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// Errors of Decode: the body is no form at all. A handler returns them as they are; the
// server answers with the status given here. A body over its limit is an
// *http.MaxBytesError.
var (
	// ErrMalformed says that the body cannot be read as what it claims to be, or that
	// it lacks a hidden field which every page of ours has: 400.
	ErrMalformed error = refusal.New(http.StatusBadRequest, "form is malformed",
		"What was sent is incomplete, and nothing was recorded. Open the page again and send it from there.")
	// ErrMediaType says that the body is none of the three kinds that are read: 415.
	ErrMediaType error = refusal.New(http.StatusUnsupportedMediaType, "form has an unsupported content type",
		"What was sent is no form, and nothing was recorded. Open the page and send it from there.")
)
