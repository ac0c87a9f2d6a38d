package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/db/migrate"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/list"
)

// debtsCases are events, and the row that each makes of an empty one.
var debtsCases = map[string]struct {
	when ireneo.AnyEvent
	want projections.Debt
}{
	"issued": {
		&debt.Issued{Amount: 100_000, On: civil.Date{Year: 2026, Month: 1, Day: 31}},
		projections.Debt{
			Amount: 100_000,
			On:     civil.Date{Year: 2026, Month: 1, Day: 31},
			Status: projections.DebtIssued,
		},
	},
	"paid": {
		&debt.Paid{Amount: 100_000, On: civil.Date{Year: 2026, Month: 1, Day: 31}, Note: new("Some words")},
		projections.Debt{
			PaidAmount: new(int64(100_000)),
			PaidOn:     new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			Note:       new("Some words"),
			Status:     projections.DebtPaid,
		},
	},
	"settled": {
		&debt.Settled{On: civil.Date{Year: 2026, Month: 1, Day: 31}},
		projections.Debt{SettledOn: new(civil.Date{Year: 2026, Month: 1, Day: 31}), Status: projections.DebtSettled},
	},
}

func TestDebts_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range debtsCases {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.Debts, projections.Debt{}).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("row differs (-want +got):\n%s", diff)
			}
		})
	}
}

// appendDebt appends an event with what is in its sample.
func appendDebt(ctx context.Context, t *testing.T, id, sample string, ev ireneo.AnyEvent) {
	t.Helper()
	data, err := os.ReadFile("../events/debt/testdata/" + sample)
	if err := errors.Join(err, json.Unmarshal(data, ev)); err != nil {
		t.Fatal(err)
	}
	if err := streams.Debt.For(id).Append(ctx, ev); err != nil {
		t.Fatalf("append %s: %v", sample, err)
	}
}

// What an append writes is what a replay computes, on both databases.
func TestDebts_FindIsReplay(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		appendDebt(ctx, t, "1", "issued.v1.json", &debt.Issued{})
		appendDebt(ctx, t, "1", "paid.v1.json", &debt.Paid{})
		appendDebt(ctx, t, "1", "settled.v1.json", &debt.Settled{})

		got, err := projections.Debts.Find(ctx, "1")
		want, replayErr := projections.Debts.Replay(ctx, streams.Debt.For("1"))
		if err := errors.Join(err, replayErr); err != nil {
			t.Fatal(err)
		}
		want.ID = "1" // a replay knows no row
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row and replay differ (-replay +row):\n%s", diff)
		}
	})
}

// Every order of the list comes to every row once, a page at a time.
func TestDebtList_PagesInEveryOrder(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		for _, id := range []string{"a", "b", "c"} {
			appendDebt(ctx, t, id, "issued.v1.json", &debt.Issued{})
		}
		for key := range projections.DebtList.Sorts {
			for sort, want := range map[string]string{key: "abc", "-" + key: "cba"} {
				asked, got := list.Query{Sort: sort, Limit: 1}, ""
				for more := true; more; more = asked.After != "" {
					found, err := projections.DebtList.Find(ctx, asked)
					if err != nil {
						t.Fatal(err)
					}
					got, asked.After = got+found.Rows[0].ID, found.Next
				}
				if got != want {
					t.Errorf("%s: got %s, want %s", sort, got, want)
				}
			}
		}
	})
}
