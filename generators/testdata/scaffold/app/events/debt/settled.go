package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Settled says that something happened to a debt: settled.
type Settled struct {
	ireneo.Event `name:"debt.settled"`

	On civil.Date `json:"on" label:"Date" validate:"required"`
}
