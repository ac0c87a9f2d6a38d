package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

func registered() projections.Customer {
	return projections.Customer{
		Name: "Ágata Reis", NameKey: "ágata reis", Email: "agata@reis.example", Phone: "+351 1", RegisteredOn: day,
	}
}

func TestCustomers_Interpretations(t *testing.T) {
	for name, tt := range map[string]struct {
		given projections.Customer
		when  ireneo.AnyEvent
		then  func(*projections.Customer) // changes registered() into what is wanted
	}{
		"registration": {
			projections.Customer{},
			&customer.Registered{Name: "Ágata Reis", Email: "agata@reis.example", Phone: "+351 1", On: day},
			func(*projections.Customer) {},
		},
		"renaming": {
			registered(), &customer.Renamed{Name: "Ágata LIMA", On: day.AddDays(1)},
			func(c *projections.Customer) { c.Name, c.NameKey = "Ágata LIMA", "ágata lima" },
		},
		"new contact": {
			registered(), &customer.ContactChanged{Phone: "+351 2", On: day.AddDays(1)},
			func(c *projections.Customer) { c.Email, c.Phone = "", "+351 2" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := registered()
			tt.then(&want)
			got := ireneotest.Given(t, projections.Customers, tt.given).When(tt.when).At(noon)
			if diff := cmp.Diff(want, *got); diff != "" {
				t.Errorf("customer differs (-want +got):\n%s", diff)
			}
		})
	}
}

// What an append writes is what a replay computes, on both databases, also where a fact
// comes late or takes something away.
func TestCustomers_FindIsReplay(t *testing.T) {
	each(t, func(t *testing.T, s *shelf) {
		s.append(streams.Customer, "1",
			&customer.Registered{Name: "Ágata Reis", Email: "agata@reis.example", On: day},
			&customer.Renamed{Name: "Ágata Lima", On: day.AddDays(9)},
			&customer.Renamed{Name: "Ágata Reis Lima", On: day.AddDays(3)},
			&customer.ContactChanged{On: day.AddDays(4)})
		s.refused(streams.Customer, "1", &customer.Renamed{Name: "Ágata Lima", On: day.AddDays(5)}, "is the same as before")

		got, want := findAndReplay(s, projections.Customers, streams.Customer.For("1"))
		want.ID = "1" // a replay knows no row
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row and replay differ (-replay +row):\n%s", diff)
		}
		if got.Name != "Ágata Lima" || got.Email != "" {
			t.Errorf("got %q <%s>, want Ágata Lima without an address", got.Name, got.Email)
		}
	})
}
