package projections

import (
	"context"
	"fmt"
	"math/big"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// DebtRow is a debt with the name of its customer.
type DebtRow struct {
	OutstandingBalance
	CustomerName string
	CustomerKey  string // the name in lower case
}

// Debts lists the debts: the newest issue first, searched by the customer's name.
var Debts = list.Rows[DebtRow]{
	Query: func(ctx context.Context) (*gorm.DB, error) {
		q, err := OutstandingBalances.Query(ctx)
		if err != nil {
			return nil, err
		}
		return q.Joins(joinCustomers).Select("outstanding_balances.*, " + ofCustomer), nil
	},
	ID:     list.Text("outstanding_balances.id", func(r *DebtRow) string { return r.ID }),
	Search: []string{customerKey},
	Filters: map[string]list.Filter{
		"status":   {Column: "status", Allowed: []string{Open, Settled, WrittenOff}},
		"customer": {Column: "customer_id"},
	},
	Sorts: map[string]list.Column[DebtRow]{
		"issued_on":   list.Date("issued_on", func(r *DebtRow) civil.Date { return r.IssuedOn }),
		"customer":    list.Text(customerKey, func(r *DebtRow) string { return r.CustomerKey }),
		"outstanding": list.Number("outstanding", func(r *DebtRow) int64 { return r.Outstanding }),
		"status":      list.Text("status", func(r *DebtRow) string { return r.Status }),
	},
	Usual: "-issued_on",
}

// DebtTotals are about all debts that were looked for, not about one page. Sums are cents
// and may exceed an int64.
type DebtTotals struct {
	Count, Open         int64
	Issued, Outstanding *big.Int
}

// TotalsOf adds up all debts that are looked for.
func TotalsOf(ctx context.Context, asked list.Query) (*DebtTotals, error) {
	q, err := Debts.Where(ctx, asked)
	if err != nil {
		return nil, err
	}
	var sums struct{ Count, Open, IssuedHigh, IssuedLow, OutstandingHigh, OutstandingLow int64 }
	err = q.Select(`COUNT(*) AS count,
		COUNT(CASE WHEN status = 'open' THEN 1 END) AS open,
		` + sumOf("issued") + `,
		` + sumOf("outstanding")).Scan(&sums).Error
	if err != nil {
		return nil, fmt.Errorf("add up debts: %w", err)
	}
	return &DebtTotals{
		Count: sums.Count, Open: sums.Open,
		Issued:      joined(sums.IssuedHigh, sums.IssuedLow),
		Outstanding: joined(sums.OutstandingHigh, sums.OutstandingLow),
	}, nil
}

// million splits amounts into two halves that are added up apart, because the sum of
// the amounts may not fit an int64, and a database fails rather than overflow.
const million = 1_000_000

// sumOf selects the halves of a sum: amount_high and amount_low.
func sumOf(amount string) string {
	return fmt.Sprintf(`CAST(COALESCE(SUM(%[1]s / %[2]d), 0) AS BIGINT) AS %[1]s_high,
		CAST(COALESCE(SUM(%[1]s %% %[2]d), 0) AS BIGINT) AS %[1]s_low`, amount, million)
}

func joined(high, low int64) *big.Int {
	sum := new(big.Int).Mul(big.NewInt(high), big.NewInt(million))
	return sum.Add(sum, big.NewInt(low))
}

// Rows that belong to a customer are joined with theirs. One that was never registered
// is called by the id.
const (
	joinCustomers = "LEFT JOIN customers ON customers.id = customer_id"
	ofCustomer    = customerName + " AS customer_name, " + customerKey + " AS customer_key"
	customerName  = "COALESCE(customers.name, customer_id)"
	customerKey   = "COALESCE(customers.name_key, customer_id)"
)
