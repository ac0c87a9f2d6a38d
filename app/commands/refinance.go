package commands

import (
	"context"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/app/projections"
)

// Refinance pays off a debt with a new one of the same customer, and settles it. What the
// new debt is more than that is paid out to the customer.
type Refinance struct {
	ireneo.Command `name:"debt.refinance"`

	DebtID       string          `json:"debt_id" label:"Debt" form:"-" validate:"required,max=255"` // the page's
	Seen         int64           `json:"seen" label:"Debt" form:"-" validate:"gte=0"`               // version of the debt that was decided on; zero: any
	Amount       int64           `json:"amount" form:"money" validate:"gt=0"`                       // cents
	InterestRate decimal.Decimal `json:"interest_rate" validate:"gte=0,lte=100"`                    // percent a year
	On           civil.Date      `json:"on" label:"Date" validate:"required"`
}

// Loads is the old debt. The new one is nobody's yet.
func (c *Refinance) Loads() []ireneo.Reading {
	return []ireneo.Reading{projections.OutstandingBalances.Of(streams.Debt.For(c.DebtID))}
}

// Handle settles the old debt and issues the new one, under the id of the execution.
func (c *Refinance) Handle(ctx context.Context, b *ireneo.Boundary) error {
	before, err := ireneo.Load(ctx, b, streams.Debt.For(c.DebtID), projections.OutstandingBalances)
	if err != nil {
		return err
	}
	after, err := ireneo.Load(ctx, b, streams.Debt.For(b.ID()), projections.OutstandingBalances)
	if err != nil {
		return err
	}
	switch {
	case before.Version() == 0:
		return b.Reject("debt_id", "does not exist")
	case before.State.Status != projections.Open:
		return b.Reject("debt_id", "is closed")
	case before.State.Outstanding == 0:
		return b.Reject("debt_id", "is paid back, so there is nothing to refinance")
	case c.Amount < before.State.Outstanding:
		return b.Reject("amount", "is less than what is outstanding")
	case c.Seen > 0 && c.Seen != before.Version(): // somebody decided on other figures
		return b.Reject("seen", "has changed meanwhile")
	}
	before.Append(
		&debt.PaymentReceived{Principal: before.State.Outstanding, FromID: after.ID(), On: c.On},
		&debt.Settled{IntoID: after.ID(), On: c.On},
	)
	after.Append(&debt.Issued{
		CustomerID: before.State.CustomerID, Amount: c.Amount, InterestRate: c.InterestRate,
		RefinancesID: c.DebtID, On: c.On,
	})
	return nil
}
