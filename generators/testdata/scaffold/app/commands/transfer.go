package commands

import (
	"context"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
)

// Transfer asks for something to be done with a debt: transfer.
type Transfer struct {
	ireneo.Command `name:"debt.transfer"`

	From   string `json:"from" validate:"required,max=255"`            // id of a debt
	To     string `json:"to" validate:"required,max=255,nefield=From"` // id of a debt
	Amount int64  `json:"amount" form:"money" validate:"gt=0"`         // cents
}

// Loads says what Handle reads, so that it is read in one go.
func (c *Transfer) Loads() []ireneo.Reading {
	return []ireneo.Reading{
		projections.DebtPosition.Of(streams.Debt.For(c.From)),
		projections.DebtPosition.Of(streams.Debt.For(c.To)),
	}
}

// Handle decides. It is called again where somebody else was faster, so it does nothing
// but read, refuse and append.
func (c *Transfer) Handle(ctx context.Context, b *ireneo.Boundary) error {
	from, err := ireneo.Load(ctx, b, streams.Debt.For(c.From), projections.DebtPosition)
	if err != nil {
		return err
	}
	to, err := ireneo.Load(ctx, b, streams.Debt.For(c.To), projections.DebtPosition)
	if err != nil {
		return err
	}
	if from.Version() == 0 {
		return b.Reject("from", "does not exist")
	}
	if to.Version() == 0 {
		return b.Reject("to", "does not exist")
	}

	// The decision: look at from.State, refuse with b.Reject("amount", "…"), and append
	// what happens, such as from.Append(&debt.Paid{…}).
	return nil
}
