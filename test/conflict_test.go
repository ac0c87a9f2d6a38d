package test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/db/seed"
)

// A form that came too late says what happened, whether it would pass now, and takes one
// click to be recorded all the same.
func TestConflict_SaysWhetherItWouldPassNow(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		again := form("_key", keyTwo, "_version", "2", "principal", "50", "on", "2026-02-28")
		run(t, app, []step{
			{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1},
			{name: "somebody else", method: "POST", path: "./payments", body: pay("1", "950"), status: 303, version: 2},
			{
				name: "too late, and too much by now", method: "POST", path: "./payments", body: pay("1", "50.01"), status: 409, version: 2,
				want: []string{
					"Somebody was faster", "would be refused now", "<li>Amount exceeds the outstanding balance of 50.00</li>",
					`aria-describedby="payment-principal-error"`, `value="50.01"`, `name="_version" value="2"`,
				},
				not: []string{`form="payment"`},
			},
			{
				name: "too late, but good", method: "POST", path: "./payments", status: 409, version: 2,
				body: form("_key", keyTwo, "_version", "1", "principal", "50", "on", "2026-02-28"),
				want: []string{
					"would be accepted now", `<form class="form" id="payment"`, `<button class="button primary" form="payment">Record it after version 2</button>`,
					`name="_key" value="` + keyTwo + `"`, `name="_version" value="2"`, `value="50"`,
				},
			},
			{name: "again", method: "POST", path: "./payments", body: again, status: 303, version: 3},
			{name: "again, twice", method: "POST", path: "./payments", body: again, status: 303, version: 3},
			{
				name: "closed meanwhile", method: "POST", path: "./settlement", status: 303, version: 4,
				body: form("_version", "3", "on", "2026-03-01"),
			},
			{
				name: "too late for anything", method: "POST", path: "./payments", body: pay("3", "1"), status: 409, version: 4,
				want: []string{"It is closed now"}, not: []string{`form="payment"`, `method="post"`},
			},
		})
	})
}

// People say who they are, and histories tell it.
func TestYou_HistoryTellsWhoDidIt(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		run(t, app, []step{
			{name: "nobody yet", method: "GET", path: "/debts", status: 200, want: []string{"Who are you?"}},
			{name: "too long", method: "POST", path: "/you", body: form("name", strings.Repeat("é", 101)), status: 422, want: []string{"maximum of 100 characters", "éé"}},
			{name: "control characters", method: "POST", path: "/you", body: form("name", "a\x00b"), status: 422, want: []string{"control characters"}},
			{name: "too much", method: "POST", path: "/you", body: strings.Repeat("a", 2<<20), status: 413},
		})

		signed, err := send(t.Context(), http.MethodPost, app.URL+"/you", form("name", "Bo <b>"), nil)
		if err != nil || signed.status != http.StatusSeeOther {
			t.Fatalf("got %d, %v", signed.status, err)
		}
		cookie := cookies(signed)
		page, err := send(t.Context(), http.MethodGet, app.URL+"/debts/new", "", cookie)
		if err != nil || !strings.Contains(page.body, "Bo &lt;b&gt;") {
			t.Fatalf("the page does not know who is there: %v\n%s", err, page.body)
		}
		cookie["Cookie"] += "; " + cookies(page)["Cookie"]
		cookie[noToken] = tokenIn(t, page)
		if got, err := send(t.Context(), http.MethodPost, app.URL+"/debts", issueBody, cookie); err != nil || got.status != http.StatusSeeOther {
			t.Fatalf("issue: got %d, %v\n%s", got.status, err, got.body)
		}
		run(t, app, []step{{name: "history", method: "GET", path: ".", status: 200, version: 1, want: []string{"by <bdi>Bo &lt;b&gt;</bdi>"}}})
	})
}

func TestExport_IsTheWholeListAndInert(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		register(t, app.log, anaID, `=HYPERLINK("http://evil.example")`)
		run(t, app, []step{{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1}})

		got, err := send(t.Context(), http.MethodGet, app.URL+"/debts.csv?status=open&sort=customer", "", nil)
		if err != nil || got.status != http.StatusOK || got.header.Get("Content-Type") != "text/csv; charset=utf-8" ||
			!strings.Contains(got.header.Get("Content-Disposition"), "debts.csv") {
			t.Fatalf("got %d %v, %v", got.status, got.header, err)
		}
		rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
		if err != nil || len(rows) != 11 {
			t.Fatalf("got %d rows, %v\n%s", len(rows), err, got.body)
		}
		want := []string{debtID, `'=HYPERLINK("http://evil.example")`, "open", "2026-01-31", "", "4.25", "1000.00", "0.00", "0.00", "1000.00"}
		if diff := cmp.Diff(want, rows[1]); diff != "" {
			t.Errorf("the first row differs (-want +got):\n%s", diff)
		}
		run(t, app, []step{
			{name: "a sort that does not exist", method: "GET", path: "/debts.csv?sort=id%3BDROP", status: 400, version: 1, want: []string{"cannot be sorted by that"}},
			{name: "of the list", method: "GET", path: "/debts?sort=customer_key", status: 400, version: 1, want: []string{"cannot be sorted by that"}},
			{name: "a status that does not exist", method: "GET", path: "/debts.csv?status=x", status: 400, version: 1},
		})
	})
}

func TestList_Sorts(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		if _, err := seed.Run(t.Context(), app.log); err != nil {
			t.Fatal(err)
		}
		for sort, want := range map[string][2]string{
			"customer":     {"blue-door-books", "tomas-ferreira"},
			"-customer":    {"tomas-ferreira", "blue-door-books"},
			"-outstanding": {"orchard-cooperative", ""},
			"issued_on":    {"harbour-bakery", "emil-haddad"},
			"":             {"emil-haddad", "harbour-bakery"},
		} {
			got := found(t, app, "sort="+url.QueryEscape(sort))
			if len(got) != 12 || got[0] != want[0] || want[1] != "" && got[11] != want[1] {
				t.Errorf("%s: got %v", sort, got)
			}
		}
	})
}
