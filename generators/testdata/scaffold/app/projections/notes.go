package projections

import (
	"strings"
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
)

// The states of a note, as they are stored: what happened to it last.
const (
	NoteCreated  = "created"
	NoteUpdated  = "updated"
	NoteArchived = "archived"
)

// Note is one note as lists and pages show it.
type Note struct {
	ID       string `gorm:"primaryKey"` // the stream id
	Title    string
	Body     string
	DueOn    *civil.Date
	TitleKey string // the title in lower case, for searching and sorting
	Status   string `validate:"oneof=created updated archived"`
}

// TableName is the table of the rows, whatever the type is called.
func (Note) TableName() string { return "notes" }

// Notes keeps one row a note, current at every moment.
var Notes = ireneo.NewProjection("notes",
	ireneo.On(func(n *Note, e *note.Created, _ time.Time) {
		n.Title = e.Title
		n.Body = e.Body
		n.DueOn = e.DueOn
		n.TitleKey = strings.ToLower(e.Title)
		n.Status = NoteCreated
	}),
	ireneo.On(func(n *Note, e *note.Updated, _ time.Time) {
		n.Title = e.Title
		n.Body = e.Body
		n.DueOn = e.DueOn
		n.TitleKey = strings.ToLower(e.Title)
		n.Status = NoteUpdated
	}),
	ireneo.On(func(n *Note, _ *note.Archived, _ time.Time) { n.Status = NoteArchived }),
)
