package account

import (
	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
)

// Closed says that the account is empty and its book is closed: nothing may follow.
type Closed struct {
	ireneo.Event `name:"account.closed"`

	On civil.Date `json:"on" label:"Date" validate:"required"`
}
