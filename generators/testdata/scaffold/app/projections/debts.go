package projections

import (
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
)

// The states of a debt, as they are stored: what happened to it last.
const (
	DebtIssued  = "issued"
	DebtPaid    = "paid"
	DebtSettled = "settled"
)

// Debt is one debt as lists and pages show it.
type Debt struct {
	ID         string     `gorm:"primaryKey"` // the stream id
	Amount     int64      // cents
	On         civil.Date `label:"Date"`
	SettledOn  *civil.Date
	PaidAmount *int64 // cents
	PaidOn     *civil.Date
	Note       *string
	Status     string `validate:"oneof=issued paid settled"`
}

// TableName is the table of the rows, whatever the type is called.
func (Debt) TableName() string { return "debts" }

// Debts keeps one row a debt, current at every moment.
var Debts = ireneo.NewProjection("debts",
	ireneo.On(func(d *Debt, e *debt.Issued, _ time.Time) {
		d.Amount = e.Amount
		d.On = e.On
		d.Status = DebtIssued
	}),
	ireneo.On(func(d *Debt, e *debt.Paid, _ time.Time) {
		d.PaidAmount = &e.Amount
		d.PaidOn = &e.On
		d.Note = e.Note
		d.Status = DebtPaid
	}),
	ireneo.On(func(d *Debt, e *debt.Settled, _ time.Time) {
		d.SettledOn = &e.On
		d.Status = DebtSettled
	}),
)
