package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// WrittenOff says that a part of the debt is no longer expected back.
type WrittenOff struct {
	ireneo.Event `name:"debt.written_off"`

	Amount int64      `json:"amount" validate:"gt=0"` // cents
	Reason string     `json:"reason" validate:"required,max=200"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
