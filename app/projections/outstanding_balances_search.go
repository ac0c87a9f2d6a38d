package projections

import (
	"context"
	"fmt"
	"iter"
	"math/big"

	"gorm.io/gorm"
)

// DebtSearch looks for debts, by the name of the customer. They can be sorted by
// issued_on, customer, outstanding and status; usually the newest issue comes first.
type DebtSearch Search

// DebtRow is a debt with the name of its customer.
type DebtRow struct {
	OutstandingBalance
	CustomerName string
	CustomerKey  string // the name in lower case
}

// DebtTotals are about all debts that were looked for, not about one page. Sums are cents
// and may exceed an int64.
type DebtTotals struct {
	Count, Open         int64
	Issued, Outstanding *big.Int
}

var debtOrdering = ordering[DebtRow]{
	id:   "outstanding_balances.id",
	idOf: func(r *DebtRow) string { return r.ID },
	columns: map[string]column[DebtRow]{
		"issued_on":   {"issued_on", func(r *DebtRow) any { return r.IssuedOn }, date},
		"customer":    {customerKey, func(r *DebtRow) any { return r.CustomerKey }, text},
		"outstanding": {"outstanding", func(r *DebtRow) any { return r.Outstanding }, number},
		"status":      {"status", func(r *DebtRow) any { return r.Status }, text},
	},
	usual: Sort{Key: "issued_on", Desc: true},
}

// ParseDebtSort reads a sort of debts, such as "customer" or "-outstanding". Empty is the
// usual one; what cannot be sorted by is ErrBadSort.
func ParseDebtSort(text string) (Sort, error) { return debtOrdering.parse(text) }

// Find reads one page. A sort or a page that does not exist is ErrBadSort or
// ErrBadCursor.
func (s DebtSearch) Find(ctx context.Context) (*Found[DebtRow], error) {
	return s.page(ctx, s.After, Search(s).limit())
}

// All yields all rows of the search in order, whatever After and Limit say, and reads
// them a page at a time. A row whose place in the order changes meanwhile may come twice
// or not at all. An error is yielded once, as the last pair.
func (s DebtSearch) All(ctx context.Context) iter.Seq2[DebtRow, error] {
	return every(func(after string) (*Found[DebtRow], error) { return s.page(ctx, after, exportLimit) })
}

func (s DebtSearch) page(ctx context.Context, after string, limit int) (*Found[DebtRow], error) {
	q, err := s.query(ctx)
	if err != nil {
		return nil, err
	}
	found, err := debtOrdering.page(q.Select("outstanding_balances.*, "+ofCustomer), s.Sort, after, limit)
	if err != nil {
		return nil, fmt.Errorf("search debts: %w", err)
	}
	return found, nil
}

// Totals adds up all that is looked for.
func (s DebtSearch) Totals(ctx context.Context) (*DebtTotals, error) {
	q, err := s.query(ctx)
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

func (s DebtSearch) query(ctx context.Context) (*gorm.DB, error) {
	q, err := OutstandingBalances.Query(ctx)
	if err != nil {
		return nil, err
	}
	q = q.Joins(joinCustomers)
	if s.Status != "" {
		q = q.Where("status = ?", s.Status)
	}
	if s.CustomerID != "" {
		q = q.Where("customer_id = ?", s.CustomerID)
	}
	if s.Text != "" {
		q = q.Where(contains(customerKey), like(s.Text))
	}
	return q, nil
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
