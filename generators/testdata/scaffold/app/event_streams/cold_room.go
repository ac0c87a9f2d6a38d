package streams

import (
	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
)

// ColdRoom is one cold room and all that happens to it.
var ColdRoom = &ireneo.Stream{
	Type:          "cold_room",
	Purpose:       "One cold room and all that happens to it",
	Pattern:       "{uuid}",
	CreatedBy:     "cold_room.opened",
	Transactional: ireneo.Materialize(projections.ColdRooms),
}
