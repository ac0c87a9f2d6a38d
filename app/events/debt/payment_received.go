package debt

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// PaymentReceived says that the customer paid back a part of the principal.
type PaymentReceived struct {
	ireneo.Event `name:"debt.payment_received"`

	Principal int64      `json:"principal" form:"money" label:"Amount" validate:"gt=0"` // cents
	Note      string     `json:"note,omitempty" validate:"max=200"`
	On        civil.Date `json:"on" label:"Date" validate:"required"`
}
