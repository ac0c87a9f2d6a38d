package projections

import (
	"context"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// NoteList lists the notes, searched by their title.
var NoteList = list.Rows[Note]{
	Query:  func(ctx context.Context) (*gorm.DB, error) { return Notes.Query(ctx) },
	ID:     list.Text("id", func(r *Note) string { return r.ID }),
	Search: []string{"title_key"},
	Filters: map[string]list.Filter{
		"status": {Column: "status", Allowed: []string{NoteCreated, NoteUpdated, NoteArchived}},
	},
	Sorts: map[string]list.Column[Note]{
		"title":  list.Text("title_key", func(r *Note) string { return r.TitleKey }),
		"status": list.Text("status", func(r *Note) string { return r.Status }),
	},
	Usual: "title",
}
