package projections

import (
	"context"
	"fmt"
	"iter"
	"math/big"

	"gorm.io/gorm"
)

// CustomerSearch looks for customers by their name. They can be sorted by name, which is
// usual, and registered_on. Customers have no status: Status is not looked at.
type CustomerSearch Search

// CustomerRow is a customer with what they owe.
type CustomerRow struct {
	Customer
	OpenDebts   int64    `gorm:"-"`
	Outstanding *big.Int `gorm:"-"` // cents, which may exceed an int64
}

var customerOrdering = ordering[CustomerRow]{
	id:   "id",
	idOf: func(r *CustomerRow) string { return r.ID },
	columns: map[string]column[CustomerRow]{
		"name":          {"name_key", func(r *CustomerRow) any { return r.NameKey }, text},
		"registered_on": {"registered_on", func(r *CustomerRow) any { return r.RegisteredOn }, date},
	},
	usual: Sort{Key: "name"},
}

// ParseCustomerSort reads a sort of customers, such as "name" or "-registered_on". Empty
// is the usual one; what cannot be sorted by is ErrBadSort.
func ParseCustomerSort(text string) (Sort, error) { return customerOrdering.parse(text) }

// Find reads one page. A sort or a page that does not exist is ErrBadSort or
// ErrBadCursor.
func (s CustomerSearch) Find(ctx context.Context) (*Found[CustomerRow], error) {
	return s.page(ctx, s.After, Search(s).limit())
}

// All yields all rows of the search in order, whatever After and Limit say, and reads
// them a page at a time. A row whose place in the order changes meanwhile may come twice
// or not at all. An error is yielded once, as the last pair.
func (s CustomerSearch) All(ctx context.Context) iter.Seq2[CustomerRow, error] {
	return every(func(after string) (*Found[CustomerRow], error) { return s.page(ctx, after, exportLimit) })
}

func (s CustomerSearch) page(ctx context.Context, after string, limit int) (*Found[CustomerRow], error) {
	q, err := s.query(ctx)
	if err != nil {
		return nil, err
	}
	found, err := customerOrdering.page(q, s.Sort, after, limit)
	if err == nil {
		err = addDebts(ctx, found.Rows)
	}
	if err != nil {
		return nil, fmt.Errorf("search customers: %w", err)
	}
	return found, nil
}

func (s CustomerSearch) query(ctx context.Context) (*gorm.DB, error) {
	q, err := Customers.Query(ctx)
	if err != nil {
		return nil, err
	}
	if s.CustomerID != "" {
		q = q.Where("id = ?", s.CustomerID)
	}
	if s.Text != "" {
		q = q.Where(contains("name_key"), like(s.Text))
	}
	return q, nil
}

// addDebts adds to customers what they owe, in one query for all of them.
func addDebts(ctx context.Context, rows []CustomerRow) error {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	q, err := OutstandingBalances.Query(ctx)
	if err != nil {
		return err
	}
	var owed []struct {
		CustomerID                            string
		Open, OutstandingHigh, OutstandingLow int64
	}
	err = q.Select(`customer_id,
		COUNT(CASE WHEN status = 'open' THEN 1 END) AS open,
		`+sumOf("outstanding")).Where("customer_id IN ?", ids).Group("customer_id").Scan(&owed).Error
	if err != nil {
		return err
	}

	byID := make(map[string]int, len(owed))
	for i, o := range owed {
		byID[o.CustomerID] = i
	}
	for i := range rows {
		rows[i].Outstanding = new(big.Int)
		if o, ok := byID[rows[i].ID]; ok {
			rows[i].OpenDebts = owed[o].Open
			rows[i].Outstanding = joined(owed[o].OutstandingHigh, owed[o].OutstandingLow)
		}
	}
	return nil
}
