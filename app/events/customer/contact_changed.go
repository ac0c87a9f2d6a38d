package customer

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// ContactChanged says how the customer is reached from then on. What is empty is no
// longer known.
type ContactChanged struct {
	ireneo.Event `name:"customer.contact_changed"`

	Email string     `json:"email,omitempty" validate:"omitempty,email,max=254" sensitive:"true"`
	Phone string     `json:"phone,omitempty" validate:"max=40" sensitive:"true"`
	On    civil.Date `json:"on" label:"Date" validate:"required"`
}
