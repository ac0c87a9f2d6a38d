package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Settled says that the debt was paid and its book is closed: nothing may follow.
type Settled struct {
	ireneo.Event `name:"debt.settled"`

	On civil.Date `json:"on" label:"Date" validate:"required"`
}
