package coldroom

import "github.com/ireneo-dev/ireneo"

// Opened says that something happened to a cold room: opened.
type Opened struct {
	ireneo.Event `name:"cold_room.opened"`
}
