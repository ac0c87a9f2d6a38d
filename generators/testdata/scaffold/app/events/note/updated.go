package note

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Updated says that something happened to a note: updated.
type Updated struct {
	ireneo.Event `name:"note.updated"`

	Title string      `json:"title" validate:"required,max=200"`
	Body  string      `json:"body" form:"text" validate:"required,max=10000"`
	DueOn *civil.Date `json:"due_on,omitempty"`
}
