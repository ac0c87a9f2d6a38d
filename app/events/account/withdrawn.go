package account

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Withdrawn says that money was paid out.
type Withdrawn struct {
	ireneo.Event `name:"account.withdrawn"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	Note   string     `json:"note,omitempty" validate:"max=200"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
