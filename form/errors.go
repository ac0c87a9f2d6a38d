package form

import "net/http"

// Errors of Decode: the body is no form at all. Each has a method StatusCode with the
// HTTP status that says the same. A body over its limit is an *http.MaxBytesError.
var (
	// ErrMalformed says that the body cannot be read as what it claims to be, or that
	// it lacks a hidden field which every page of ours has: 400.
	ErrMalformed error = refusal{http.StatusBadRequest, "form is malformed"}
	// ErrMediaType says that the body is none of the three kinds that are read: 415.
	ErrMediaType error = refusal{http.StatusUnsupportedMediaType, "form has an unsupported content type"}
)

type refusal struct {
	status int
	text   string
}

func (r refusal) Error() string { return r.text }

// StatusCode is the status the error is answered with.
func (r refusal) StatusCode() int { return r.status }
