package note

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Created says that something happened to a note: created.
type Created struct {
	ireneo.Event `name:"note.created"`

	Title string      `json:"title" validate:"required,max=200"`
	Body  string      `json:"body" form:"text" validate:"required,max=10000"`
	DueOn *civil.Date `json:"due_on,omitempty"`
}
