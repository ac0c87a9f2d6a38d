package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Settled says that the debt was paid and its book is closed: nothing may follow.
type Settled struct {
	ireneo.Event `name:"debt.settled"`

	IntoID string     `json:"into_id,omitempty" form:"-" validate:"max=255"` // of the debt that took its place; empty: none
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
