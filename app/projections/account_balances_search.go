package projections

import (
	"context"
	"fmt"
	"iter"

	"gorm.io/gorm"
)

// AccountSearch looks for accounts, by their own name and that of the customer. They can
// be sorted by name, which is usual, customer, balance and opened_on.
type AccountSearch Search

// AccountRow is an account with the name of its customer.
type AccountRow struct {
	AccountBalance
	CustomerName string
	CustomerKey  string // the name in lower case
}

var accountOrdering = ordering[AccountRow]{
	id:   "account_balances.id",
	idOf: func(r *AccountRow) string { return r.ID },
	columns: map[string]column[AccountRow]{
		"name":      {"account_balances.name_key", func(r *AccountRow) any { return r.NameKey }, text},
		"customer":  {customerKey, func(r *AccountRow) any { return r.CustomerKey }, text},
		"balance":   {"balance", func(r *AccountRow) any { return r.Balance }, number},
		"opened_on": {"opened_on", func(r *AccountRow) any { return r.OpenedOn }, date},
	},
	usual: Sort{Key: "name"},
}

// ParseAccountSort reads a sort of accounts, such as "name" or "-balance". Empty is the
// usual one; what cannot be sorted by is ErrBadSort.
func ParseAccountSort(text string) (Sort, error) { return accountOrdering.parse(text) }

// Find reads one page. A sort or a page that does not exist is ErrBadSort or
// ErrBadCursor.
func (s AccountSearch) Find(ctx context.Context) (*Found[AccountRow], error) {
	return s.page(ctx, s.After, Search(s).limit())
}

// All yields all rows of the search in order, whatever After and Limit say, and reads
// them a page at a time. A row whose place in the order changes meanwhile may come twice
// or not at all. An error is yielded once, as the last pair.
func (s AccountSearch) All(ctx context.Context) iter.Seq2[AccountRow, error] {
	return every(func(after string) (*Found[AccountRow], error) { return s.page(ctx, after, exportLimit) })
}

func (s AccountSearch) page(ctx context.Context, after string, limit int) (*Found[AccountRow], error) {
	q, err := s.query(ctx)
	if err != nil {
		return nil, err
	}
	found, err := accountOrdering.page(q.Select("account_balances.*, "+ofCustomer), s.Sort, after, limit)
	if err != nil {
		return nil, fmt.Errorf("search accounts: %w", err)
	}
	return found, nil
}

func (s AccountSearch) query(ctx context.Context) (*gorm.DB, error) {
	q, err := AccountBalances.Query(ctx)
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
		pattern := like(s.Text)
		q = q.Where(contains("account_balances.name_key")+" OR "+contains(customerKey), pattern, pattern)
	}
	return q, nil
}
