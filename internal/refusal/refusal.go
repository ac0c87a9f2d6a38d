// Package refusal has errors that know what they mean to a client: a request that was
// refused before anything was done.
package refusal

import (
	"fmt"
	"net/http"
)

// Error is a refused request. The server answers with its status and its detail.
type Error struct {
	status       int
	text, detail string
}

// New is an error with a text for the log, and a sentence for the person who met it.
func New(status int, text, detail string) *Error {
	return &Error{status: status, text: text, detail: detail}
}

// BadRequest is an error about a query whose text is the sentence itself.
func BadRequest(format string, args ...any) *Error {
	sentence := fmt.Sprintf(format, args...)
	return New(http.StatusBadRequest, sentence, sentence)
}

func (e *Error) Error() string { return e.text }

// StatusCode is the HTTP status the error is answered with.
func (e *Error) StatusCode() int { return e.status }

// Detail is a sentence for the person: what happened and what to do.
func (e *Error) Detail() string { return e.detail }
