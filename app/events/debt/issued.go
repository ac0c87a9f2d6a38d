package debt

import (
	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
)

// Issued says that money was lent to a customer. It is how every debt begins.
type Issued struct {
	ireneo.Event `name:"debt.issued"`

	CustomerID   string          `json:"customer_id" label:"Customer" validate:"required,max=255"`
	Amount       int64           `json:"amount" form:"money" validate:"gt=0"`                 // cents
	InterestRate decimal.Decimal `json:"interest_rate" validate:"gte=0,lte=100"`              // percent a year
	RefinancesID string          `json:"refinances_id,omitempty" form:"-" validate:"max=255"` // of the debt it pays off; empty: none
	On           civil.Date      `json:"on" label:"Date" validate:"required"`
}
