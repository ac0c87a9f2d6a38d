package coldroom

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// HostLinux says that something happened to a cold room: host linux.
type HostLinux struct {
	ireneo.Event `name:"cold_room.host_linux"`

	On civil.Date `json:"on" label:"Date" validate:"required"`
}
