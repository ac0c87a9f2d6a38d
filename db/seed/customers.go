package seed

import (
	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
)

func customers() []sample {
	return []sample{
		customerOf("harbour-bakery", "Harbour Bakery", "office@harbour-bakery.example", "+44 20 7946 0101", "2025-01-20"),
		customerOf("nadia-okafor", "Nadia Okafor", "nadia@okafor.example", "", "2025-03-10"),
		customerOf("lindgren-sons", "Lindgren", "post@lindgren.example", "+46 8 5550 0102", "2024-11-04",
			&customer.Renamed{Name: "Lindgren & Sons", Reason: "The sons joined the firm", On: date("2025-01-01")}),
		customerOf("tomas-ferreira", "Tomás Ferreira", "", "+351 21 555 0103", "2025-05-19",
			&customer.ContactChanged{On: date("2026-02-10")}),
		customerOf("blue-door-books", "Blue Door Books", "hello@bluedoor.example", "+1 202 555 0104", "2025-07-01"),
		customerOf("mei-lin-zhao", "Mei-Lin Zhao", "meilin@zhao.example", "", "2025-08-11"),
		customerOf("orchard-cooperative", "Orchard Cooperative", "board@orchard.example", "+1 202 555 0105", "2025-06-16",
			&customer.ContactChanged{Email: "treasurer@orchard.example", Phone: "+1 202 555 0115", On: date("2026-01-05")}),
		customerOf("ravi-patel", "Ravi Patel", "ravi@patel.example", "", "2025-10-17"),
		customerOf("studio-north", "Studio North", "studio@north.example", "+47 22 55 01 06", "2025-12-01"),
		customerOf("ines-duarte", "Inês Duarte", "ines@duarte.example", "", "2026-03-02"),
		customerOf("kestrel-cycles", "Kestrel Cycles", "workshop@kestrel.example", "+44 20 7946 0107", "2026-05-04"),
		customerOf("emil-haddad", "Emil Haddad", "", "", "2026-08-24"),
	}
}

func customerOf(id, name, email, phone, on string, then ...ireneo.AnyEvent) sample {
	registered := &customer.Registered{Name: name, Email: email, Phone: phone, On: date(on)}
	return sampleOf(streams.Customer, id, append([]ireneo.AnyEvent{registered}, then...)...)
}
