package seed

import (
	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
)

func accounts() []sample {
	return []sample{
		accountOf("bakery-till", "harbour-bakery", "Till money", "2025-02-03",
			deposited(80_000, "opening float", "2025-02-03"), withdrawn(12_550, "", "2025-02-21"),
			deposited(45_000, "", "2025-03-03"), deposited(38_275, "", "2025-04-01")),
		accountOf("bakery-oven", "harbour-bakery", "New oven", "2025-04-01"),
		accountOf("orchard-harvest", "orchard-cooperative", "Harvest reserve", "2025-09-15",
			deposited(1_200_000, "apples", "2025-10-30"), deposited(640_000, "pears", "2025-11-12"),
			withdrawn(240_000, "picking crew", "2025-12-31")),
		accountOf("nadia-savings", "nadia-okafor", "Savings", "2025-04-01",
			deposited(25_000, "", "2025-04-01"), deposited(25_000, "", "2025-05-02"), withdrawn(50_000, "moved to another bank", "2025-10-01"),
			&account.Closed{On: date("2025-10-01")}),
		accountOf("lindgren-taxes", "lindgren-sons", "Taxes", "2026-01-02"),
	}
}

func accountOf(id, customer, name, on string, then ...ireneo.AnyEvent) sample {
	opened := &account.Opened{CustomerID: idOf(customer), Name: name, On: date(on)}
	return sampleOf(streams.Account, id, append([]ireneo.AnyEvent{opened}, then...)...)
}

func deposited(cents int64, note, on string) ireneo.AnyEvent {
	return &account.Deposited{Amount: cents, Note: note, On: date(on)}
}

func withdrawn(cents int64, note, on string) ireneo.AnyEvent {
	return &account.Withdrawn{Amount: cents, Note: note, On: date(on)}
}
