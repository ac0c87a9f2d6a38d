package account

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Deposited says that money was paid in, or came from another account.
type Deposited struct {
	ireneo.Event `name:"account.deposited"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	Note   string     `json:"note,omitempty" validate:"max=200"`
	FromID string     `json:"from_id,omitempty" form:"-" validate:"max=255"` // of the other account; empty: it was paid in
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
