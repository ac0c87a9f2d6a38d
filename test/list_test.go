package test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/db/seed"
	"github.com/ireneo-dev/ireneo/list"

	"github.com/ireneo-dev/ireneo"
)

func TestSeed_TwiceAddsNothing(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		first, err := seed.Run(t.Context(), app.log)
		if err != nil || first == 0 {
			t.Fatalf("got %d, %v", first, err)
		}
		second, err := seed.Run(t.Context(), app.log)
		if err != nil || second != 0 {
			t.Errorf("the second time: got %d, %v, want 0", second, err)
		}
	})
}

// What was decided about the samples is there: a mistake in it would only be left out.
func TestSeed_Decides(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		wantBalances(t, app, map[string]int64{"sample-bakery-oven": 900_00, "sample-bakery-till": 727_25, "sample-orchard-harvest": 15_880_00})
		for _, outcome := range []string{ireneo.Rejected, ireneo.Conflicted, ireneo.Failed} {
			if found, err := app.log.Executions(t.Context(), ireneo.ExecutionQuery{Outcome: outcome}); err != nil || len(found) > 0 {
				t.Errorf("%s: %+v, %v", outcome, found, err)
			}
		}
		old, err := projections.OutstandingBalances.Find(ireneo.WithLog(t.Context(), app.log), "sample-kestrel-cycles")
		if err != nil || old.Status != projections.Settled {
			t.Errorf("the refinanced debt is %+v, %v", old, err)
		}
	})
}

// Whoever has used the samples keeps what they made of them.
func TestSeed_LeavesOutWhatIsNoLongerPossible(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		openAccount(t, app, "sample-bakery-till", "ana", "Emptied")
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		wantBalances(t, app, map[string]int64{"sample-bakery-oven": 0, "sample-bakery-till": 120_00})
	})
}

func TestSeed_KnowsEveryCustomer(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		ctx := ireneo.WithLog(t.Context(), app.log)
		for row, err := range projections.Debts.All(ctx, list.Query{}) {
			if err != nil || row.CustomerName == row.CustomerID {
				t.Errorf("debt %s: customer %s is not registered, %v", row.ID, row.CustomerID, err)
			}
		}
		accounts := 0
		for row, err := range projections.Accounts.All(ctx, list.Query{}) {
			if err != nil || row.CustomerName == row.CustomerID {
				t.Errorf("account %s: customer %s is not registered, %v", row.ID, row.CustomerID, err)
			}
			accounts++
		}
		if accounts == 0 {
			t.Error("there is no account")
		}
	})
}

var debtLink = regexp.MustCompile(`<a href="(/debts/sample-[a-z-]+)"`)

// found asks for the list and gives the debts on it.
func found(t *testing.T, app *ledger, query string) []string {
	t.Helper()
	got, err := send(t.Context(), http.MethodGet, app.URL+"/debts?"+query, "", nil)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("%s: got %d, %v", query, got.status, err)
	}
	var links []string
	for _, m := range debtLink.FindAllStringSubmatch(got.body, -1) {
		links = append(links, strings.TrimPrefix(m[1], "/debts/sample-"))
	}
	return links
}

func TestList_Filter(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		for query, want := range map[string][]string{
			"status=settled":               {"kestrel-cycles", "ravi-patel", "nadia-okafor"},
			"status=written_off":           {"tomas-ferreira"},
			"q=" + url.QueryEscape("INÊS"): {"ines-duarte"},
			"q=or":                         {"studio-north", "orchard-cooperative", "nadia-okafor", "blue-door-books"},
			"q=or&status=settled":          {"nadia-okafor"},
			"q=%25":                        nil,
			"q=_":                          nil,
			"q=nobody":                     nil,
		} {
			got := found(t, app, query)
			if want == nil && len(got) > 0 || want != nil && query != "q=or" && !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", query, got, want)
			}
			for _, w := range want {
				if !slices.Contains(got, w) {
					t.Errorf("%s: %s is missing in %v", query, w, got)
				}
			}
		}
	})
}

// A page of the list begins after the last row of the one before.
func TestList_Pages(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		first, err := projections.Debts.Find(ireneo.WithLog(t.Context(), app.log), list.Query{Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"lindgren-sons", "nadia-okafor", "harbour-bakery"}
		if got := found(t, app, "after="+first.Next); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// A row of the list is what a replay of its debt computes.
func TestList_RowsAreReplays(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		ctx := ireneo.WithLog(t.Context(), app.log)
		page, err := projections.Debts.Find(ctx, list.Query{})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			replayed, err := projections.OutstandingBalances.Replay(ctx, streams.Debt.For(row.ID))
			if err != nil {
				t.Fatal(err)
			}
			if replayed.Outstanding != row.Outstanding || replayed.Status != row.Status || replayed.Paid != row.Paid {
				t.Errorf("%s: the row is %+v, a replay %+v", row.ID, row, *replayed)
			}
		}
	})
}
