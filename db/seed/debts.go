package seed

import (
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
)

func debts() []sample {
	return []sample{
		debtOf("harbour-bakery", 1_250_000, "4.25", "2025-02-03",
			paid(50_000, "2025-03-03"), paid(50_000, "2025-04-03"), paid(50_000, "2025-05-05"), paid(75_000, "2025-06-03")),
		debtOf("nadia-okafor", 320_000, "3.9", "2025-03-14",
			paid(160_000, "2025-06-14"), paid(160_000, "2025-09-15"), settled("2025-09-15")),
		debtOf("lindgren-sons", 8_400_000, "5.5", "2025-04-01",
			paid(700_000, "2025-05-02"), paid(700_000, "2025-06-02"), paid(700_000, "2025-07-01"), paid(1_400_000, "2025-09-01")),
		debtOf("tomas-ferreira", 95_000, "0", "2025-05-20",
			noted(20_000, "cash", "2025-06-20"), writtenOff(75_000, "Moved abroad, not reachable", "2026-05-20")),
		debtOf("blue-door-books", 640_000, "4.75", "2025-07-08",
			paid(80_000, "2025-08-08"), paid(80_000, "2025-09-08"), paid(80_000, "2025-10-08")),
		debtOf("mei-lin-zhao", 210_000, "3.5", "2025-08-11", paid(35_000, "2025-09-11")),
		debtOf("orchard-cooperative", 15_750_000, "6.125", "2025-09-02",
			noted(2_000_000, "after the harvest", "2025-11-03"), noted(2_500_000, "after the harvest", "2026-11-02")),
		debtOf("ravi-patel", 45_000, "2.5", "2025-10-17",
			paid(45_000, "2025-12-17"), settled("2025-12-18")),
		debtOf("studio-north", 1_890_000, "4.9", "2026-01-12",
			paid(189_000, "2026-02-12"), paid(189_000, "2026-03-12"),
			writtenOff(189_000, "Agreed reduction after the flood", "2026-04-01")),
		debtOf("ines-duarte", 150_000, "3.25", "2026-03-05"),
		debtOf("kestrel-cycles", 980_000, "5", "2026-05-18",
			paid(98_000, "2026-06-18"), paid(98_000, "2026-07-20")),
		debtOf("emil-haddad", 60_000, "0", "2026-08-24", noted(10_000, "first of six", "2026-09-24")),
	}
}

// debtOf is the one debt of a sample customer.
func debtOf(customer string, cents int64, rate, on string, then ...ireneo.AnyEvent) sample {
	issued := &debt.Issued{CustomerID: idOf(customer), Amount: cents, InterestRate: decimal.RequireFromString(rate), On: date(on)}
	return sampleOf(streams.Debt, customer, append([]ireneo.AnyEvent{issued}, then...)...)
}

func paid(cents int64, on string) ireneo.AnyEvent { return noted(cents, "", on) }

func noted(cents int64, note, on string) ireneo.AnyEvent {
	return &debt.PaymentReceived{Principal: cents, Note: note, On: date(on)}
}

func writtenOff(cents int64, reason, on string) ireneo.AnyEvent {
	return &debt.WrittenOff{Amount: cents, Reason: reason, On: date(on)}
}

func settled(on string) ireneo.AnyEvent { return &debt.Settled{On: date(on)} }
