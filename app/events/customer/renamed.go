package customer

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Renamed says that the customer goes by another name.
type Renamed struct {
	ireneo.Event `name:"customer.renamed"`

	Name   string     `json:"name" validate:"required,max=100" sensitive:"true"`
	Reason string     `json:"reason,omitempty" validate:"max=200"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}
