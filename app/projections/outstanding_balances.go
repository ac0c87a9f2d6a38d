package projections

import (
	"time"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/debt"
)

// The states of a debt, as they are stored.
const (
	Open       = "open"
	Settled    = "settled"
	WrittenOff = "written_off"
)

// OutstandingBalance is one debt as the list shows it. Amounts are cents.
type OutstandingBalance struct {
	ID           string `gorm:"primaryKey"` // the stream id
	CustomerID   string
	Issued       int64
	Outstanding  int64 `validate:"gte=0"`
	Paid         int64
	WrittenOff   int64
	InterestRate decimal.Decimal // percent a year
	Status       string          `validate:"oneof=open settled written_off"`
	IssuedOn     civil.Date
	LastPaidOn   *civil.Date // nil before the first payment
}

// TableName is the table of the rows, whatever the type is called.
func (OutstandingBalance) TableName() string { return "outstanding_balances" }

// OutstandingBalances keeps one row a debt, current at every moment.
var OutstandingBalances = ireneo.NewProjection("outstanding_balances",
	ireneo.On(func(b *OutstandingBalance, e *debt.Issued, _ time.Time) {
		b.CustomerID, b.Issued, b.Outstanding = e.CustomerID, e.Amount, e.Amount
		b.InterestRate, b.IssuedOn = e.InterestRate, e.On
		b.Status = Open
	}),
	ireneo.On(func(b *OutstandingBalance, e *debt.PaymentReceived, _ time.Time) {
		b.Outstanding -= e.Principal
		b.Paid += e.Principal
		b.LastPaidOn = &e.On
	}),
	ireneo.On(func(b *OutstandingBalance, e *debt.WrittenOff, _ time.Time) {
		b.Outstanding -= e.Amount
		b.WrittenOff += e.Amount
		if b.Outstanding == 0 {
			b.Status = WrittenOff
		}
	}),
	ireneo.On(func(b *OutstandingBalance, _ *debt.Settled, _ time.Time) { b.Status = Settled }),
)
