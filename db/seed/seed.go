// Package seed has sample debts to look around with.
package seed

import (
	"context"
	"fmt"

	"cloud.google.com/go/civil"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
)

// Run adds the sample debts that are not there yet, each with its whole history in one
// commit, and says how many events it added.
func Run(ctx context.Context, log *ireneo.Log) (added int, err error) {
	for _, s := range samples() {
		h := streams.Debt.In(log).For(s.id)
		version, err := h.Version(ctx)
		if err != nil {
			return added, fmt.Errorf("seed %s: %w", s.id, err)
		}
		if version > 0 {
			continue
		}
		if err := h.AppendAll(ctx, s.events, ireneo.ExpectVersion(0)); err != nil {
			return added, fmt.Errorf("seed %s: %w", s.id, err)
		}
		added += len(s.events)
	}
	return added, nil
}

// sample is the history of one debt.
type sample struct {
	id     string
	events []ireneo.AnyEvent
}

func samples() []sample {
	return []sample{
		sampleOf("harbour-bakery", issued("Harbour Bakery", 1_250_000, "4.25", "2025-02-03"),
			paid(50_000, "2025-03-03"), paid(50_000, "2025-04-03"), paid(50_000, "2025-05-05"), paid(75_000, "2025-06-03")),
		sampleOf("nadia-okafor", issued("Nadia Okafor", 320_000, "3.9", "2025-03-14"),
			paid(160_000, "2025-06-14"), paid(160_000, "2025-09-15"), settled("2025-09-15")),
		sampleOf("lindgren-sons", issued("Lindgren & Sons", 8_400_000, "5.5", "2025-04-01"),
			paid(700_000, "2025-05-02"), paid(700_000, "2025-06-02"), paid(700_000, "2025-07-01"), paid(1_400_000, "2025-09-01")),
		sampleOf("tomas-ferreira", issued("Tomás Ferreira", 95_000, "0", "2025-05-20"),
			noted(20_000, "cash", "2025-06-20"), writtenOff(75_000, "Moved abroad, not reachable", "2026-05-20")),
		sampleOf("blue-door-books", issued("Blue Door Books", 640_000, "4.75", "2025-07-08"),
			paid(80_000, "2025-08-08"), paid(80_000, "2025-09-08"), paid(80_000, "2025-10-08")),
		sampleOf("mei-lin-zhao", issued("Mei-Lin Zhao", 210_000, "3.5", "2025-08-11"), paid(35_000, "2025-09-11")),
		sampleOf("orchard-cooperative", issued("Orchard Cooperative", 15_750_000, "6.125", "2025-09-02"),
			noted(2_000_000, "after the harvest", "2025-11-03"), noted(2_500_000, "after the harvest", "2026-11-02")),
		sampleOf("ravi-patel", issued("Ravi Patel", 45_000, "2.5", "2025-10-17"),
			paid(45_000, "2025-12-17"), settled("2025-12-18")),
		sampleOf("studio-north", issued("Studio North", 1_890_000, "4.9", "2026-01-12"),
			paid(189_000, "2026-02-12"), paid(189_000, "2026-03-12"),
			writtenOff(189_000, "Agreed reduction after the flood", "2026-04-01")),
		sampleOf("ines-duarte", issued("Inês Duarte", 150_000, "3.25", "2026-03-05")),
		sampleOf("kestrel-cycles", issued("Kestrel Cycles", 980_000, "5", "2026-05-18"),
			paid(98_000, "2026-06-18"), paid(98_000, "2026-07-20")),
		sampleOf("emil-haddad", issued("Emil Haddad", 60_000, "0", "2026-08-24"), noted(10_000, "first of six", "2026-09-24")),
	}
}

func sampleOf(id string, events ...ireneo.AnyEvent) sample {
	return sample{id: "sample-" + id, events: events}
}

func issued(customer string, cents int64, rate, on string) ireneo.AnyEvent {
	return &debt.Issued{Customer: customer, Amount: cents, InterestRate: decimal.RequireFromString(rate), On: date(on)}
}

func paid(cents int64, on string) ireneo.AnyEvent { return noted(cents, "", on) }

func noted(cents int64, note, on string) ireneo.AnyEvent {
	return &debt.PaymentReceived{Principal: cents, Note: note, On: date(on)}
}

func writtenOff(cents int64, reason, on string) ireneo.AnyEvent {
	return &debt.WrittenOff{Amount: cents, Reason: reason, On: date(on)}
}

func settled(on string) ireneo.AnyEvent { return &debt.Settled{On: date(on)} }

// date reads one of the dates above. A mistyped one is the zero date, which the event
// refuses and the test of the samples finds.
func date(text string) civil.Date {
	d, err := civil.ParseDate(text)
	if err != nil {
		return civil.Date{}
	}
	return d
}
