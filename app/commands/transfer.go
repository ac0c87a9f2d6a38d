package commands

import (
	"context"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
)

// Transfer moves money from one account to another, of whichever customers.
type Transfer struct {
	ireneo.Command `name:"account.transfer"`

	From   string     `json:"from" label:"From account" form:"-" validate:"required,max=255"` // the page's
	To     string     `json:"to" label:"To account" validate:"required,max=255"`
	Amount int64      `json:"amount" form:"money" validate:"gt=0"` // cents
	Note   string     `json:"note,omitempty" validate:"max=200"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}

// Loads are the two accounts.
func (c *Transfer) Loads() []ireneo.Reading {
	return []ireneo.Reading{
		projections.AccountPosition.Of(streams.Account.For(c.From)),
		projections.AccountPosition.Of(streams.Account.For(c.To)),
	}
}

// Handle takes the amount out of one account and puts it into the other. That nobody takes
// out more than there was on that day the account itself knows, and says.
func (c *Transfer) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, streams.Account.For(c.From), projections.AccountPosition)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, streams.Account.For(c.To), projections.AccountPosition)
	if err != nil {
		return err
	}
	switch {
	case c.From == c.To:
		return b.Reject("to", "must be another one")
	case from.Version() == 0:
		return b.Reject("from", "does not exist")
	case from.State.Closed:
		return b.Reject("from", "is closed")
	case to.Version() == 0:
		return b.Reject("to", "does not exist")
	case to.State.Closed:
		return b.Reject("to", "is closed")
	case c.On.Before(to.State.OpenedOn):
		return b.Reject("on", "is before the other account was opened")
	}
	from.Append(&account.Withdrawn{Amount: c.Amount, Note: c.Note, ToID: c.To, On: c.On})
	to.Append(&account.Deposited{Amount: c.Amount, Note: c.Note, FromID: c.From, On: c.On})
	return nil
}
