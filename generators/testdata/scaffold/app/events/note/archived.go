package note

import "github.com/ireneo-dev/ireneo"

// Archived says that something happened to a note: archived.
type Archived struct {
	ireneo.Event `name:"note.archived"`
}
