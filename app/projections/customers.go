package projections

import (
	"strings"
	"time"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/customer"
)

// Customer is one customer as lists and pages show them.
type Customer struct {
	ID           string `gorm:"primaryKey"` // the stream id
	Name         string
	NameKey      string // the name in lower case, for searching and sorting
	Email        string // empty: not known
	Phone        string // empty: not known
	RegisteredOn civil.Date
}

// TableName is the table of the rows, whatever the type is called.
func (Customer) TableName() string { return "customers" }

// Customers keeps one row a customer, current at every moment.
var Customers = ireneo.NewProjection("customers",
	ireneo.On(func(c *Customer, e *customer.Registered, _ time.Time) {
		c.Name, c.NameKey = e.Name, strings.ToLower(e.Name)
		c.Email, c.Phone, c.RegisteredOn = e.Email, e.Phone, e.On
	}),
	ireneo.On(func(c *Customer, e *customer.Renamed, _ time.Time) {
		c.Name, c.NameKey = e.Name, strings.ToLower(e.Name)
	}),
	ireneo.On(func(c *Customer, e *customer.ContactChanged, _ time.Time) {
		c.Email, c.Phone = e.Email, e.Phone
	}),
)
