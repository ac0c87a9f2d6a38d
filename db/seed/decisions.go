package seed

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/commands"
)

// decision is a command about several samples, and the id under which it is executed once.
type decision struct {
	id  string
	cmd ireneo.AnyCommand
}

func decisions() []decision {
	return []decision{
		transferOf("oven-1", "bakery-till", "bakery-oven", 50_000, "put by for the oven", "2025-04-30"),
		transferOf("oven-2", "bakery-till", "bakery-oven", 40_000, "put by for the oven", "2025-05-30"),
		transferOf("feast", "orchard-harvest", "bakery-till", 12_000, "cakes for the harvest feast", "2026-01-15"),
		{idOf("kestrel-refinancing"), &commands.Refinance{
			DebtID: idOf("kestrel-cycles"), Amount: 900_000, InterestRate: decimal.RequireFromString("4.25"), On: date("2026-09-01"),
		}},
	}
}

func transferOf(id, from, to string, cents int64, note, on string) decision {
	return decision{idOf(id), &commands.Transfer{From: idOf(from), To: idOf(to), Amount: cents, Note: note, On: date(on)}}
}

// decide executes what has not been executed yet, and says how many events came of it.
// What is refused is left out: somebody has used the samples meanwhile.
func decide(ctx context.Context, log *ireneo.Log) (added int, err error) {
	for _, d := range decisions() {
		result, err := ireneo.Execute(ireneo.WithLog(ctx, log), d.cmd, ireneo.CommandID(d.id))
		switch {
		case errors.Is(err, ireneo.ErrInvalid):
		case err != nil:
			return added, fmt.Errorf("seed %s: %w", d.id, err)
		case !result.Repeated:
			added += len(result.Events)
		}
	}
	return added, nil
}
