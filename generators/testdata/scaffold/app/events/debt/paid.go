package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Paid says that something happened to a debt: paid.
type Paid struct {
	ireneo.Event `name:"debt.paid"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	On     civil.Date `json:"on" label:"Date" validate:"required"`
	Note   *string    `json:"note,omitempty" form:"text" validate:"omitempty,max=10000"`
}
