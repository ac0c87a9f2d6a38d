package projections

import (
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/coldroom"
)

// The states of a cold room, as they are stored: what happened to it last.
const (
	ColdRoomOpened = "opened"
)

// ColdRoom is one cold room as lists and pages show it.
type ColdRoom struct {
	ID     string `gorm:"primaryKey"` // the stream id
	Status string `validate:"oneof=opened"`
}

// TableName is the table of the rows, whatever the type is called.
func (ColdRoom) TableName() string { return "cold_rooms" }

// ColdRooms keeps one row a cold room, current at every moment.
var ColdRooms = ireneo.NewProjection("cold_rooms",
	ireneo.On(func(r *ColdRoom, _ *coldroom.Opened, _ time.Time) { r.Status = ColdRoomOpened }),
)
