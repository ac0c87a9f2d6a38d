package projections

import (
	"context"
	"errors"
	"math/big"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/debt"
)

// CustomerTotal is what was lent to one customer in all, over all their debts.
type CustomerTotal struct {
	ID                string `gorm:"primaryKey"` // the customer's
	Debts             int64  // how many were issued
	LentHigh, LentLow int64  // the sum in two halves, see sumOf
}

// TableName is the table of the rows, whatever the type is called.
func (CustomerTotal) TableName() string { return "customer_totals" }

// Lent is the sum of the debts, in cents, which may exceed an int64.
func (t *CustomerTotal) Lent() *big.Int { return joined(t.LentHigh, t.LentLow) }

// CustomerTotals keeps one row a customer who was lent anything, shortly after it was.
var CustomerTotals = ireneo.NewProjection("customer_totals",
	ireneo.OnBy(func(e *debt.Issued) string { return e.CustomerID }, func(t *CustomerTotal, e *debt.Issued, _ time.Time) {
		t.Debts++
		t.LentHigh += e.Amount / million
		t.LentLow += e.Amount % million
	}),
)

// TotalOf is what was lent to a customer, which may be nothing.
func TotalOf(ctx context.Context, customer string) (*CustomerTotal, error) {
	total, err := CustomerTotals.Find(ctx, customer)
	if errors.Is(err, ireneo.ErrNotFound) {
		return &CustomerTotal{ID: customer}, nil
	}
	return total, err
}
