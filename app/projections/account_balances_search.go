package projections

import (
	"context"

	"cloud.google.com/go/civil"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/list"
)

// AccountRow is an account with the name of its customer.
type AccountRow struct {
	AccountBalance
	CustomerName string
	CustomerKey  string // the name in lower case
}

// Accounts lists the accounts by their names, searched by these and the customer's.
var Accounts = list.Rows[AccountRow]{
	Query: func(ctx context.Context) (*gorm.DB, error) {
		q, err := AccountBalances.Query(ctx)
		if err != nil {
			return nil, err
		}
		return q.Joins(joinCustomers).Select("account_balances.*, " + ofCustomer), nil
	},
	ID:     list.Text("account_balances.id", func(r *AccountRow) string { return r.ID }),
	Search: []string{"account_balances.name_key", customerKey},
	Filters: map[string]list.Filter{
		"status":   {Column: "status", Allowed: []string{Open, Closed}},
		"customer": {Column: "customer_id"},
	},
	Sorts: map[string]list.Column[AccountRow]{
		"name":      list.Text("account_balances.name_key", func(r *AccountRow) string { return r.NameKey }),
		"customer":  list.Text(customerKey, func(r *AccountRow) string { return r.CustomerKey }),
		"balance":   list.Number("balance", func(r *AccountRow) int64 { return r.Balance }),
		"opened_on": list.Date("opened_on", func(r *AccountRow) civil.Date { return r.OpenedOn }),
	},
	Usual: "name",
}
