package projections

import (
	"context"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// ColdRoomList lists the cold rooms, searched by their ids.
var ColdRoomList = list.Rows[ColdRoom]{
	Query:  func(ctx context.Context) (*gorm.DB, error) { return ColdRooms.Query(ctx) },
	ID:     list.Text("id", func(r *ColdRoom) string { return r.ID }),
	Search: []string{"id"},
	Filters: map[string]list.Filter{
		"status": {Column: "status", Allowed: []string{ColdRoomOpened}},
	},
	Sorts: map[string]list.Column[ColdRoom]{
		"status": list.Text("status", func(r *ColdRoom) string { return r.Status }),
	},
	Usual: "status",
}
