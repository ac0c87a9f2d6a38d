package customer

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Registered says that somebody became a customer. It is how every customer begins.
type Registered struct {
	ireneo.Event `name:"customer.registered"`

	Name  string     `json:"name" validate:"required,max=100" sensitive:"true"`
	Email string     `json:"email,omitempty" validate:"omitempty,email,max=254" sensitive:"true"`
	Phone string     `json:"phone,omitempty" validate:"max=40" sensitive:"true"`
	On    civil.Date `json:"on" label:"Date" validate:"required"`
}
