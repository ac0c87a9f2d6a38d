package projections

import (
	"context"
	"fmt"
	"math/big"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// CustomerRow is a customer with what they owe.
type CustomerRow struct {
	Customer
	OpenDebts                       int64
	OutstandingHigh, OutstandingLow int64 // the sum in two halves, see sumOf
	Debts, LentHigh, LentLow        int64 // of CustomerTotals
}

// Outstanding is what the customer owes in all, in cents, which may exceed an int64.
func (r CustomerRow) Outstanding() *big.Int { return joined(r.OutstandingHigh, r.OutstandingLow) }

// Lent is what was lent to the customer in all, in cents, which may exceed an int64.
func (r CustomerRow) Lent() *big.Int { return joined(r.LentHigh, r.LentLow) }

// CustomerList lists the customers by their names.
var CustomerList = list.Rows[CustomerRow]{
	Query: func(ctx context.Context) (*gorm.DB, error) {
		q, err := Customers.Query(ctx)
		if err != nil {
			return nil, err
		}
		return q.Joins(joinTotals).Select("customers.*, " + ofDebts), nil
	},
	ID:     list.Text("customers.id", func(r *CustomerRow) string { return r.ID }),
	Search: []string{"name_key"},
	Sorts: map[string]list.Column[CustomerRow]{
		"name":          list.Text("name_key", func(r *CustomerRow) string { return r.NameKey }),
		"registered_on": list.Date("registered_on", func(r *CustomerRow) civil.Date { return r.RegisteredOn }),
	},
	Usual: "name",
}

const joinTotals = "LEFT JOIN customer_totals ON customer_totals.id = customers.id"

// ofDebts is what the rows of a page owe, and what they were lent in all.
var ofDebts = fmt.Sprintf(`
	COALESCE(debts, 0) AS debts, COALESCE(lent_high, 0) AS lent_high, COALESCE(lent_low, 0) AS lent_low,
	(SELECT COUNT(*) FROM outstanding_balances WHERE customer_id = customers.id AND status = 'open') AS open_debts,
	(SELECT CAST(COALESCE(SUM(outstanding / %[1]d), 0) AS BIGINT) FROM outstanding_balances WHERE customer_id = customers.id) AS outstanding_high,
	(SELECT CAST(COALESCE(SUM(outstanding %% %[1]d), 0) AS BIGINT) FROM outstanding_balances WHERE customer_id = customers.id) AS outstanding_low`, million)
