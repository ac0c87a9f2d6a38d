package account

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Opened says that a customer has an account. It is how every account begins, with
// nothing in it.
type Opened struct {
	ireneo.Event `name:"account.opened"`

	CustomerID string     `json:"customer_id" label:"Customer" validate:"required,max=255"`
	Name       string     `json:"name" validate:"required,max=100"` // what the account is for
	On         civil.Date `json:"on" label:"Date" validate:"required"`
}
