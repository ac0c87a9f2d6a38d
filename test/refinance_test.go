package test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/projections"
)

const refinanceKey = "0c0ffee0-0000-4000-8000-00000000000e"

// refinance is the body of a refinancing.
func refinance(key, version, amount, rate, on string) string {
	return form("_key", key, "_version", version, "amount", amount, "interest_rate", rate, "on", on)
}

var lifeOfARefinancing = []step{
	{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1},
	{name: "pay", method: "POST", path: "./payments", body: pay("1", "200"), status: 303, version: 2},
	{name: "link", method: "GET", path: ".", status: 200, version: 2, want: []string{`href="/debts/` + debtID + `/refinancing"`}},
	{
		name: "form", method: "GET", path: "./refinancing", status: 200, version: 2,
		want: []string{
			"Refinance the debt", "Ana &lt;b&gt;Sousa&lt;/b&gt;", `<p class="amount">800.00</p>`, `value="800.00"`, `value="4.25"`,
			`name="_version" value="2"`, `name="_key"`, `for="refinancing-amount"`,
		},
		not: []string{"<b>Sousa"},
	},
	{
		name: "nothing that can be read", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "ten", "x", "31.1.2026"), status: 422, version: 2,
		want: []string{"Amount must be an amount such as 1,234.56", "Interest rate must be a number such as 4.25", "Date must be a date", `value="ten"`, `name="_version" value="2"`},
	},
	{
		name: "refused by its tags", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "0", "101", "2026-03-01"), status: 422, version: 2,
		want: []string{"Amount must be greater than 0", "Interest rate must be 100 or less"},
	},
	{
		name: "too little", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "799.99", "3", "2026-03-01"), status: 422, version: 2,
		want: []string{"Amount is less than what is outstanding", `value="799.99"`, `aria-describedby="refinancing-amount-error refinancing-amount-hint"`},
		not:  []string{"Somebody was faster"},
	},
	{name: "in the future", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "800", "3", "2199-01-01"), status: 422, version: 2, want: []string{"Date is in the future"}},
	{
		name: "before the issue", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "800", "3", "2026-01-30"), status: 422, version: 2,
		want: []string{"Date is before the debt was issued"},
	},
	{
		name: "before the payment", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "800", "3", "2026-02-01"), status: 422, version: 2,
		want: []string{"200.00 is still outstanding on that day"},
	},
	{name: "no version", method: "POST", path: "./refinancing", body: form("amount", "800", "interest_rate", "3", "on", "2026-03-01"), status: 400, version: 2},
	{name: "cross-site", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "800", "3", "2026-03-01"), header: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403, version: 2},
	{
		name: "the page's debt is no field", method: "POST", path: "./refinancing", status: 422, version: 2,
		body: form("_version", "2", "debt_id", "x", "seen", "2", "amount", "800", "interest_rate", "3", "on", "2026-03-01"),
		want: []string{"This form has no such field: debt_id", "This form has no such field: seen"},
	},
	{name: "somebody pays meanwhile", method: "POST", path: "./payments", body: pay("2", "100"), status: 303, version: 3},
	{
		name: "too late, but good", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "800", "3", "2026-03-01"), status: 409, version: 3,
		want: []string{
			"Somebody was faster", "<strong>Payment</strong>", "<bdi>100.00</bdi>", "What you typed would be accepted now",
			`form="refinancing">Record it after version 3</button>`, `<p class="amount">700.00</p>`, `value="800"`, `name="_version" value="3"`,
			`name="_key" value="` + refinanceKey + `"`,
		},
		not: []string{"has changed meanwhile"},
	},
	{
		name: "too late, and too little", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "2", "699", "3", "2026-03-01"), status: 409, version: 3,
		want: []string{"Somebody was faster", "What you typed would be refused now", "<li>Amount is less than what is outstanding</li>", `value="699"`},
		not:  []string{"Record it after version"},
	},
	{
		name: "a version that is not there yet", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "9", "800", "3", "2026-03-01"), status: 409, version: 3,
		want: []string{"Your page showed a state that is not there", `name="_version" value="3"`},
	},
	{name: "refinance", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "3", "900", "3.5", "2026-03-01"), status: 303, want: []string{"/debts/"}, not: []string{debtID}, version: 5},
	{name: "sent twice", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "3", "900", "3.50", "2026-03-01"), status: 303, want: []string{"/debts/"}, not: []string{debtID}, version: 5},
	{
		name: "used with another amount", method: "POST", path: "./refinancing", body: refinance(refinanceKey, "3", "901", "3.5", "2026-03-01"), status: 409, version: 5,
		want: []string{"There is nothing to refinance"}, not: []string{`method="post"`},
	},
	{
		name: "the old debt", method: "GET", path: ".", status: 200, version: 5,
		want: []string{"Refinanced", "Paid off by another debt", "Settled", "The debt that took its place", `<p class="amount">0.00</p>`}, not: []string{`method="post"`},
	},
	{
		name: "too late for anything", method: "POST", path: "./refinancing", body: refinance("", "3", "900", "3.5", "2026-03-01"), status: 409, version: 5,
		want: []string{"It is closed now", "<strong>Refinanced</strong>"}, not: []string{`method="post"`},
	},
	{
		name: "once more", method: "POST", path: "./refinancing", body: refinance("", "5", "900", "3.5", "2026-03-01"), status: 422, version: 5,
		want: []string{"There is nothing to refinance"}, not: []string{`method="post"`},
	},
	{name: "its form", method: "GET", path: "./refinancing", status: 200, version: 5, want: []string{"There is nothing to refinance"}, not: []string{`method="post"`}},
	{name: "nobody's", method: "GET", path: "/debts/nobody/refinancing", status: 404, version: 5},
	{name: "of nobody", method: "POST", path: "/debts/nobody/refinancing", body: refinance("", "1", "900", "3", "2026-03-01"), status: 404, version: 5},
	{name: "an id with NUL", method: "GET", path: "/debts/a%00b/refinancing", status: 404, version: 5},
	{name: "an id with NUL, post", method: "POST", path: "/debts/a%00b/refinancing", body: refinance("", "1", "900", "3", "2026-03-01"), status: 404, version: 5},
}

// Ana's debts are one: the old one is closed at nothing, the new one has its amount, and
// both say so.
func TestRefinance_Life(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana <b>Sousa</b>")
		run(t, app, lifeOfARefinancing)

		old, fresh := debtsOf(t, app)
		if old.Outstanding != 0 || old.Paid != 1_000_00 || old.Status != projections.Settled {
			t.Errorf("the old debt is %+v", old)
		}
		if fresh.Outstanding != 900_00 || fresh.InterestRate.String() != "3.5" || fresh.CustomerID != anaID || fresh.IssuedOn.String() != "2026-03-01" || fresh.Status != projections.Open {
			t.Errorf("the new debt is %+v", fresh)
		}
		page := get(t, app, "/debts/"+fresh.ID)
		check(t, step{status: 200, want: []string{"Issued to refinance another debt", "Refinances", `href="/debts/` + debtID + `"`}, not: []string{"took its place"}}, page)
		check(t, step{status: 200, want: []string{`href="/debts/` + fresh.ID + `"`}}, get(t, app, "/debts/"+debtID))

		executions, err := app.log.Executions(t.Context(), ireneo.ExecutionQuery{Command: "debt.refinance"})
		var outcomes []string
		for _, e := range executions {
			outcomes = append(outcomes, e.Outcome)
		}
		slices.Sort(outcomes)
		if err != nil || outcomes[0] != ireneo.Committed || slices.Contains(outcomes[1:], ireneo.Committed) || slices.Contains(outcomes, ireneo.Failed) {
			t.Errorf("on record are %v, %v", outcomes, err)
		}
	})
}

// debtsOf are the two debts there are, the first and the other one.
func debtsOf(t *testing.T, app *ledger) (old, fresh projections.OutstandingBalance) {
	t.Helper()
	q, err := projections.OutstandingBalances.Query(ireneo.WithLog(t.Context(), app.log))
	if err != nil {
		t.Fatal(err)
	}
	var rows []projections.OutstandingBalance
	if err := q.Find(&rows).Error; err != nil || len(rows) != 2 {
		t.Fatalf("there are %d debts, %v", len(rows), err)
	}
	if rows[0].ID != debtID {
		slices.Reverse(rows)
	}
	return rows[0], rows[1]
}

// Whatever is sent in any field is refused with what was typed, and is text.
func TestRefinance_CorpusIsText(t *testing.T) {
	app := open(t, sqliteURL(t))
	register(t, app.log, anaID, "Ana Sousa")
	run(t, app, []step{{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1}})
	for name, text := range corpus {
		for _, body := range []string{
			refinance("", "1", text, "3", "2026-03-01"), refinance("", "1", "1,000", text, "2026-03-01"),
			refinance("", "1", "1,000", "3", text), refinance(text, "1", "1", "3", "2026-03-01"),
		} {
			got, err := send(t.Context(), http.MethodPost, app.URL+"/debts/"+debtID+"/refinancing", body, nil)
			if err != nil || got.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: got %d, %v", name, got.status, err)
			}
			inert(t, name, got.body)
		}
	}
	if version := app.version(t, debtID); version != 1 {
		t.Errorf("the debt is at version %d, want 1", version)
	}
}

// Two browsers send what they decided on the same page: one refinances, the other is told.
func TestRefinance_BrowsersFight(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		run(t, app, []step{{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1}})
		var fight sync.WaitGroup
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 6 {
			fight.Go(func() {
				got, err := send(t.Context(), http.MethodPost, app.URL+"/debts/"+debtID+"/refinancing", refinance("", "1", "1,000", "3", "2026-03-01"), nil)
				mu.Lock()
				defer mu.Unlock()
				statuses[got.status]++
				if err != nil || got.status == http.StatusConflict && !strings.Contains(got.body, "Somebody was faster") {
					t.Errorf("got %v\n%s", err, got.body)
				}
			})
		}
		fight.Wait()
		if diff := cmp.Diff(map[int]int{http.StatusSeeOther: 1, http.StatusConflict: 5}, statuses); diff != "" {
			t.Errorf("answers differ (-want +got):\n%s", diff)
		}
		debtsOf(t, app)
	})
}
