package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// WrittenOff says that a part of the debt is no longer expected back.
type WrittenOff struct {
	ireneo.Event `name:"debt.written_off"`

	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	Reason string     `json:"reason" form:"text" validate:"required,max=200"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
