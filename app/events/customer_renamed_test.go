package events_test

import (
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/app/events/customer"
)

func customerRenamed() *customer.Renamed {
	return &customer.Renamed{Name: "Ana Lima", Reason: "Marriage", On: day}
}

func TestCustomerRenamed_Rules(t *testing.T) {
	checkRules(t, customerRenamed, map[string]rule[customer.Renamed]{
		"no name":     {func(e *customer.Renamed) { e.Name = "" }, "Name is required"},
		"long name":   {func(e *customer.Renamed) { e.Name = strings.Repeat("a", 101) }, "Name must be a maximum of 100 characters in length"},
		"long reason": {func(e *customer.Renamed) { e.Reason = strings.Repeat("a", 201) }, "Reason must be a maximum of 200 characters in length"},
		"no day":      {func(e *customer.Renamed) { e.On = civil.Date{} }, "Date is required"},
	})
}

func TestCustomerRenamed_RoundTrip(t *testing.T) {
	checkRoundTrip(t, customerRenamed(), `{"name":"Ana Lima","reason":"Marriage","on":"2026-01-31"}`)
}
