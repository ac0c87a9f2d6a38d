package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Issued says that something happened to a debt: issued.
type Issued struct {
	ireneo.Event `name:"debt.issued"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
