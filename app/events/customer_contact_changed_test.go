package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/customer"
)

func customerContactChanged() *customer.ContactChanged {
	return &customer.ContactChanged{Email: "ana@lima.example", Phone: "+351 2", On: day}
}

func TestCustomerContactChanged_Rules(t *testing.T) {
	checkRules(t, customerContactChanged, map[string]rule[customer.ContactChanged]{
		"no address":   {func(e *customer.ContactChanged) { e.Email = "ana at home" }, "Email must be a valid email address"},
		"long address": {func(e *customer.ContactChanged) { e.Email = longAddress }, "Email must be a maximum of 254 characters in length"},
		"long phone":   {func(e *customer.ContactChanged) { e.Phone = strings.Repeat("1", 41) }, "Phone must be a maximum of 40 characters in length"},
		"no day":       {func(e *customer.ContactChanged) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestCustomerContactChanged_RoundTrip(t *testing.T) {
	checkRoundTrip(t, customerContactChanged(), `{"email":"ana@lima.example","phone":"+351 2","on":"2026-01-31"}`)
}
