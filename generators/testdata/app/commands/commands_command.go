package commands

import (
	"context"

	"github.com/ireneo-dev/ireneo"
)

// Commands asks for something to be done with a cold room: commands.
type Commands struct {
	ireneo.Command `name:"cold_room.commands"`

	Reason string `json:"reason" form:"text" validate:"required,max=10000"`
}

// Handle decides. It is called again where somebody else was faster, so it does nothing
// but read, refuse and append.
func (c *Commands) Handle(ctx context.Context, b *ireneo.Boundary) error {
	// The decision: ireneo.Load what it depends on, refuse with b.Reject, and append what
	// happens to what was loaded. A stream that begins with this has the id b.ID().
	return nil
}
