package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// PaymentReceived says that the customer paid back a part of the principal, or that another
// debt paid off what was left of it.
type PaymentReceived struct {
	ireneo.Event `name:"debt.payment_received"`

	Principal int64      `json:"principal" form:"money" label:"Amount" validate:"gt=0"` // cents
	Note      string     `json:"note,omitempty" validate:"max=200"`
	FromID    string     `json:"from_id,omitempty" form:"-" validate:"max=255"` // of the other debt; empty: the customer paid
	On        civil.Date `json:"on" label:"Date" validate:"required"`
}
