package projections

import (
	"strings"
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/account"
)

// Closed is the state of an account that was closed; until then it is Open.
const Closed = "closed"

// AccountBalance is one account as the list shows it. Amounts are cents.
type AccountBalance struct {
	ID          string `gorm:"primaryKey"` // the stream id
	CustomerID  string
	Name        string // what the account is for
	NameKey     string // the name in lower case, for searching and sorting
	Balance     int64  `validate:"gte=0"`
	Deposited   int64
	Withdrawn   int64
	Status      string `validate:"oneof=open closed"`
	OpenedOn    civil.Date
	LastMovedOn *civil.Date // nil before the first deposit
}

// TableName is the table of the rows, whatever the type is called.
func (AccountBalance) TableName() string { return "account_balances" }

// AccountBalances keeps one row an account, current at every moment.
var AccountBalances = ireneo.NewProjection("account_balances",
	ireneo.On(func(b *AccountBalance, e *account.Opened, _ time.Time) {
		b.CustomerID, b.OpenedOn, b.Status = e.CustomerID, e.On, Open
		b.Name, b.NameKey = e.Name, strings.ToLower(e.Name)
	}),
	ireneo.On(func(b *AccountBalance, e *account.Deposited, _ time.Time) {
		b.Balance += e.Amount
		b.Deposited += e.Amount
		b.LastMovedOn = &e.On
	}),
	ireneo.On(func(b *AccountBalance, e *account.Withdrawn, _ time.Time) {
		b.Balance -= e.Amount
		b.Withdrawn += e.Amount
		b.LastMovedOn = &e.On
	}),
	ireneo.On(func(b *AccountBalance, _ *account.Closed, _ time.Time) { b.Status = Closed }),
)
