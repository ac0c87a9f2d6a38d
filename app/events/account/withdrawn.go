package account

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Withdrawn says that money was paid out, or went to another account.
type Withdrawn struct {
	ireneo.Event `name:"account.withdrawn"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	Note   string     `json:"note,omitempty" validate:"max=200"`
	ToID   string     `json:"to_id,omitempty" form:"-" validate:"max=255"` // of the other account; empty: it was paid out
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
