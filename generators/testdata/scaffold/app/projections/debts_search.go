package projections

import (
	"context"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// DebtList lists the debts, searched by their ids.
var DebtList = list.Rows[Debt]{
	Query:  func(ctx context.Context) (*gorm.DB, error) { return Debts.Query(ctx) },
	ID:     list.Text("id", func(r *Debt) string { return r.ID }),
	Search: []string{"id"},
	Filters: map[string]list.Filter{
		"status": {Column: "status", Allowed: []string{DebtIssued, DebtPaid, DebtSettled}},
	},
	Sorts: map[string]list.Column[Debt]{
		"amount": list.Number("amount", func(r *Debt) int64 { return r.Amount }),
		"on":     list.Date("\"on\"", func(r *Debt) civil.Date { return r.On }),
		"status": list.Text("status", func(r *Debt) string { return r.Status }),
	},
	Usual: "-on",
}
