package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/customer"
)

func customerRegistered() *customer.Registered {
	return &customer.Registered{Name: "Ana Sousa", Email: "ana@sousa.example", Phone: "+351 1", On: day}
}

func TestCustomerRegistered_Rules(t *testing.T) {
	checkRules(t, customerRegistered, map[string]rule[customer.Registered]{
		"no name":      {func(e *customer.Registered) { e.Name = "" }, "Name is required"},
		"long name":    {func(e *customer.Registered) { e.Name = strings.Repeat("a", 101) }, "Name must be a maximum of 100 characters in length"},
		"no address":   {func(e *customer.Registered) { e.Email = "ana at home" }, "Email must be a valid email address"},
		"long address": {func(e *customer.Registered) { e.Email = longAddress }, "Email must be a maximum of 254 characters in length"},
		"long phone":   {func(e *customer.Registered) { e.Phone = strings.Repeat("1", 41) }, "Phone must be a maximum of 40 characters in length"},
		"no day":       {func(e *customer.Registered) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestCustomerRegistered_RoundTrip(t *testing.T) {
	checkRoundTrip(t, customerRegistered(), `{"name":"Ana Sousa","email":"ana@sousa.example","phone":"+351 1","on":"2026-01-31"}`)
}
