package projections_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var ana = projections.Identity{RegisteredOn: day, Name: "Ana Sousa"}

// customers are customers, and what may and may not happen to them.
var customers = map[string]struct {
	given projections.Identity
	when  ireneo.AnyEvent
	want  projections.Identity
	says  []ireneo.FieldError
}{
	"registration": {projections.Identity{}, &customer.Registered{Name: "Ana Sousa", On: day}, ana, nothing},
	"renaming": {
		ana, &customer.Renamed{Name: "Ana Lima", On: day},
		projections.Identity{RegisteredOn: day, Name: "Ana Lima"},
		nothing,
	},
	"renaming in another case": {
		ana, &customer.Renamed{Name: "ANA SOUSA", On: day},
		projections.Identity{RegisteredOn: day, Name: "ANA SOUSA"},
		nothing,
	},
	"renaming to the same name": {
		ana, &customer.Renamed{Name: "Ana Sousa", On: day}, ana,
		[]ireneo.FieldError{{Field: "name", Message: "Name is the same as before"}},
	},
	"renaming before the registration": {
		projections.Identity{},
		&customer.Renamed{Name: "Ana Lima", On: day},
		projections.Identity{},
		[]ireneo.FieldError{{Field: "on", Message: "Date is before the customer was registered"}},
	},
	"new contact": {ana, &customer.ContactChanged{On: day}, ana, nothing},
	"new contact before the registration": {
		projections.Identity{},
		&customer.ContactChanged{On: day},
		projections.Identity{},
		[]ireneo.FieldError{{Field: "on", Message: "Date is before the customer was registered"}},
	},
}

func TestCustomerIdentity_Rules(t *testing.T) {
	for name, tt := range customers {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.CustomerIdentity, tt.given).When(tt.when).At(noon)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("identity differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.says, tt.when.Errors().All()); diff != "" {
				t.Errorf("messages differ (-want +got):\n%s", diff)
			}
		})
	}
}
