package test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
)

const accountID = "0c0ffee0-0000-4000-8000-00000000000b" // the key of the form that opens it

var openBody = form("_key", accountID, "_version", "0", "customer_id", anaID, "name", "Rainy <b>days</b>", "on", "2026-01-31")

// move is a deposit or a withdrawal.
func move(version, amount, on string) string {
	return form("_version", version, "amount", amount, "note", "in cash", "on", on)
}

var lifeOfAnAccount = []step{
	{name: "empty list", method: "GET", path: "/accounts", status: 200, want: []string{"No accounts yet", `href="/accounts/new"`}, not: []string{"<table"}},
	{
		name: "form", method: "GET", path: "/accounts/new", status: 200,
		want: []string{`name="_key"`, `for="open-name"`, `<option value="ana">`, `href="/customers/new"`}, not: []string{"selected"},
	},
	{name: "form of a customer", method: "GET", path: "/accounts/new?customer=ana", status: 200, want: []string{`<option value="ana" selected>`}},
	{
		name: "open refused", method: "POST", path: "/accounts", status: 422,
		body: form("_key", accountID, "_version", "0", "customer_id", anaID, "name", "", "on", "31.1.2026"),
		want: []string{
			"Name is required", `aria-describedby="open-name-error open-name-hint"`, "Date must be a date such as 2026-01-31",
			`value="31.1.2026"`, `<option value="ana" selected>`,
		},
	},
	{
		name: "open for nobody", method: "POST", path: "/accounts", status: 422,
		body: form("_key", accountID, "_version", "0", "customer_id", "", "name", "Savings", "on", "2026-01-31"),
		want: []string{"Customer is required", `value="Savings"`},
	},
	{
		name: "open for somebody who is not registered", method: "POST", path: "/accounts", status: 422,
		body: form("_key", accountID, "_version", "0", "customer_id", "nobody", "name", "Savings", "on", "2026-01-31"),
		want: []string{"Customer is not registered", `value="Savings"`, `value="2026-01-31"`},
	},
	{
		name: "open for an id that nobody can have", method: "POST", path: "/accounts", status: 422,
		body: form("_key", accountID, "_version", "0", "customer_id", strings.Repeat("a", 300), "name", "Savings", "on", "2026-01-31"),
		want: []string{"Customer ", `value="Savings"`},
	},
	{
		name: "open in the future", method: "POST", path: "/accounts", status: 422,
		body: form("_key", accountID, "_version", "0", "customer_id", anaID, "name", "Savings", "on", "2199-01-01"),
		want: []string{"Date is in the future"},
	},
	{name: "open", method: "POST", path: "/accounts", body: openBody, status: 303, want: []string{"/accounts/" + accountID}, version: 1},
	{name: "open sent twice", method: "POST", path: "/accounts", body: openBody, status: 303, want: []string{"/accounts/" + accountID}, version: 1},
	{
		name: "open with a used key", method: "POST", path: "/accounts", status: 409, version: 1,
		body: form("_key", accountID, "_version", "0", "customer_id", "bo", "name", "Other", "on", "2026-01-31"),
		want: []string{"This form was used already", `<option value="bo" selected>`, `value="Other"`}, not: []string{accountID},
	},
	{
		name: "show", method: "GET", path: ".", status: 200, version: 1,
		want: []string{
			"<bdi>Rainy &lt;b&gt;days&lt;/b&gt;</bdi></h1>", `<a href="/customers/ana"><bdi>Ana Sousa</bdi></a>`, `<p class="amount">0.00</p>`,
			"31 Jan 2026", `id="deposit"`, `id="close"`, `name="_version" value="1"`,
		},
		not: []string{"<b>days", `id="withdraw"`},
	},
	{
		name: "deposit refused", method: "POST", path: "./deposits", body: move("1", "ten", "2026-02-01"), status: 422, version: 1,
		want: []string{"Amount must be an amount such as 1,234.56", `value="ten"`, `value="in cash"`, `aria-describedby="deposit-amount-error"`},
	},
	{name: "deposit nothing", method: "POST", path: "./deposits", body: move("1", "0", "2026-02-01"), status: 422, version: 1, want: []string{"Amount must be greater than 0"}},
	{name: "deposit before the opening", method: "POST", path: "./deposits", body: move("1", "1", "2026-01-30"), status: 422, version: 1, want: []string{"Date is before the account was opened"}},
	{name: "deposit in the future", method: "POST", path: "./deposits", body: move("1", "1", "2199-01-01"), status: 422, version: 1, want: []string{"Date is in the future"}},
	{name: "deposit", method: "POST", path: "./deposits", body: move("1", "1,000", "2026-02-01"), status: 303, want: []string{"/accounts/" + accountID}, version: 2},
	{
		name: "balance", method: "GET", path: ".", status: 200, version: 2,
		want: []string{
			`<p class="amount">1,000.00</p>`, `<p class="note"><bdi>in cash</bdi></p>`,
			"Balance <del><bdi>0.00</bdi></del>", "<ins><bdi>1,000.00</bdi></ins>", `id="withdraw"`,
		},
		not: []string{`id="close"`},
	},
	{
		name: "withdraw too much", method: "POST", path: "./withdrawals", body: move("2", "1,000.01", "2026-02-28"), status: 422, version: 2,
		want: []string{"Amount exceeds the balance of 1,000.00", `value="1,000.01"`, `<details class="card" open`, `aria-describedby="withdraw-amount-error"`},
	},
	{
		name: "withdraw before it was there", method: "POST", path: "./withdrawals", body: move("2", "1", "2026-01-31"), status: 422, version: 2,
		want: []string{"Amount exceeds the balance of 0.00"},
	},
	{
		name: "close too early", method: "POST", path: "./closing", body: form("_version", "2", "on", "2026-03-01"), status: 422, version: 2,
		want: []string{"1,000.00 is still in the account on that day", `id="close"`, `value="2026-03-01"`, `<details class="card" open`},
	},
	{name: "withdraw", method: "POST", path: "./withdrawals", body: move("2", "1,000", "2026-02-28"), status: 303, version: 3},
	{
		name: "withdraw too late", method: "POST", path: "./withdrawals", body: move("2", "10", "2026-03-01"), status: 409, version: 3,
		want: []string{
			"Somebody was faster", "<strong>Withdrawal</strong>", "Amount <bdi>1,000.00</bdi>", "What you typed would be refused now",
			"Amount exceeds the balance of 0.00", `value="10"`, `id="withdraw"`, `name="_version" value="3"`,
		},
		not: []string{"Record it after version"},
	},
	{
		name: "deposit too late", method: "POST", path: "./deposits", body: move("2", "20", "2026-03-01"), status: 409, version: 3,
		want: []string{"Somebody was faster", "What you typed would be accepted now", `value="20"`, `form="deposit"`, "Record it after version 3"},
	},
	{name: "empty again", method: "GET", path: ".", status: 200, version: 3, want: []string{`id="close"`}, not: []string{`id="withdraw"`}},
	{name: "close", method: "POST", path: "./closing", body: form("_version", "3", "on", "2026-03-01"), status: 303, version: 4},
	{
		name: "closed", method: "GET", path: ".", status: 200, version: 4,
		want: []string{"Nothing more to do", "Status <del><bdi>Open</bdi></del>", "<ins><bdi>Closed</bdi></ins>"}, not: []string{`method="post"`},
	},
	{name: "nothing follows", method: "POST", path: "./deposits", body: move("4", "1", "2026-03-02"), status: 409, version: 4, want: []string{"closed"}},
	{
		name: "too late for a closed account", method: "POST", path: "./deposits", body: move("3", "1", "2026-03-02"), status: 409, version: 4,
		want: []string{"It is closed now"}, not: []string{`method="post"`},
	},
	{
		name: "a version", method: "GET", path: ".?version=2", status: 200, version: 4,
		want: []string{"You are looking at the past:", `<p class="amount">1,000.00</p>`, "2 of 4", "Deposit changed"},
		not:  []string{`method="post"`, "Nothing more to do", "28 Feb 2026"},
	},
	{
		name: "what was true", method: "GET", path: ".?at=2026-02-01", status: 200, version: 4,
		want: []string{"as it was on 1 Feb 2026", `<p class="amount">1,000.00</p>`}, not: []string{`method="post"`, "28 Feb 2026"},
	},
	{name: "before anything was true", method: "GET", path: ".?at=2026-01-30", status: 404, version: 4},
	{name: "before anything was known", method: "GET", path: ".?as_of=2020-01-01", status: 404, version: 4},
	{name: "no date", method: "GET", path: ".?at=tomorrow", status: 400, version: 4, want: []string{"at must be a date"}},
	{name: "list", method: "GET", path: "/accounts", status: 200, version: 4, want: []string{"/accounts/" + accountID, "Closed", "<bdi>Ana Sousa</bdi>"}},
	{name: "on the customer's page", method: "GET", path: "/customers/ana", status: 200, version: 4, want: []string{"/accounts/" + accountID, "Closed"}},
	{name: "unknown", method: "GET", path: "/accounts/nobody", status: 404, version: 4},
	{name: "deposit to nobody", method: "POST", path: "/accounts/nobody/deposits", body: move("1", "1", "2026-02-01"), status: 404, version: 4},
	{name: "withdraw from nobody", method: "POST", path: "/accounts/nobody/withdrawals", body: move("0", "1", "2026-02-01"), status: 404, version: 4},
	{name: "close nobody's", method: "POST", path: "/accounts/nobody/closing", body: form("_version", "1", "on", "2026-02-01"), status: 404, version: 4},
	{name: "id with NUL", method: "GET", path: "/accounts/a%00b", status: 404, version: 4},
}

func TestAccount_Life(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		register(t, app.log, "bo", "Bo")
		follow(t, app, streams.Account, "/accounts", accountID, lifeOfAnAccount)
	})
}

func TestAccount_SameDepositSentTwiceCountsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		once := form("_key", keyTwo, "_version", "1", "amount", "10", "on", "2026-02-28")
		follow(t, app, streams.Account, "/accounts", accountID, []step{
			{name: "open", method: "POST", path: "/accounts", body: openBody, status: 303, version: 1},
			{name: "deposit", method: "POST", path: "./deposits", body: once, status: 303, version: 2},
			{name: "deposit again", method: "POST", path: "./deposits", body: once, status: 303, version: 2},
			{
				name: "another deposit in the same form", method: "POST", path: "./deposits", status: 409, version: 2,
				body: form("_key", keyTwo, "_version", "1", "amount", "20", "on", "2026-02-28"),
				want: []string{"Amount <bdi>10.00</bdi>", `value="20"`},
			},
		})
	})
}

// openAccount opens an account on the first of January.
func openAccount(t *testing.T, app *ledger, id, customer, name string) {
	t.Helper()
	ev := &account.Opened{CustomerID: customer, Name: name, On: civil.Date{Year: 2026, Month: 1, Day: 1}}
	if err := streams.Account.In(app.log).For(id).Append(t.Context(), ev); err != nil {
		t.Fatalf("open %s: %v", id, err)
	}
}

// threeAccounts are Ana's two, of which one is closed, and Bo's.
func threeAccounts(t *testing.T, app *ledger) {
	t.Helper()
	register(t, app.log, anaID, "Ana")
	register(t, app.log, "bo", "bo")
	openAccount(t, app, "s", anaID, "savings")
	for _, body := range []string{
		form("_key", accountID, "_version", "0", "customer_id", "bo", "name", "=1+1", "on", "2026-01-02"),
		form("_key", customerID, "_version", "0", "customer_id", anaID, "name", "Holidays", "on", "2026-01-03"),
	} {
		if !posted(t.Context(), app.URL+"/accounts", body) {
			t.Fatalf("%s is refused", body)
		}
	}
	if !posted(t.Context(), app.URL+"/accounts/s/closing", form("_version", "1", "on", "2026-01-03")) {
		t.Fatal("the closing is refused")
	}
	for id, amount := range map[string]string{accountID: "5", customerID: "1,000"} {
		if !posted(t.Context(), app.URL+"/accounts/"+id+"/deposits", move("1", amount, "2026-01-04")) {
			t.Fatalf("a deposit of %s is refused", amount)
		}
	}
}

func TestAccounts_List(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		threeAccounts(t, app)
		for query, want := range map[string][]string{
			"":                      {"=1+1", "Holidays", "savings"},
			"sort=-name":            {"savings", "Holidays", "=1+1"},
			"sort=customer&q=a":     {"Holidays", "savings"},
			"sort=-customer&q=o":    {"=1+1", "Holidays"},
			"sort=balance":          {"savings", "=1+1", "Holidays"},
			"sort=-balance":         {"Holidays", "=1+1", "savings"},
			"sort=opened_on":        {"savings", "=1+1", "Holidays"},
			"sort=-opened_on":       {"Holidays", "=1+1", "savings"},
			"status=open":           {"=1+1", "Holidays"},
			"status=closed":         {"savings"},
			"customer=ana":          {"Holidays", "savings"},
			"status=closed&q=HOLI":  nil,
			"q=BO":                  {"=1+1"},
			"q=%25":                 nil,
			"q=%00%ff<script>":      nil,
			"customer=nobody":       nil,
			"status=open&q=holiday": {"Holidays"},
		} {
			got := get(t, app, "/accounts?"+query)
			if diff := cmp.Diff(want, listed(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
			if want == nil && (!strings.Contains(got.body, "No account fits") || !strings.Contains(got.body, "Show all")) {
				t.Errorf("%s leads nowhere:\n%s", query, got.body)
			}
		}
		refuses(t, app, map[string]string{
			"/accounts?sort=status":        "cannot be sorted by that",
			"/accounts?status=settled":     "There is no such status",
			"/accounts?after=x~y":          "There is no such page",
			"/accounts.csv?sort=name_key":  "cannot be sorted by that",
			"/accounts.csv?status=settled": "There is no such status",
		})
	})
}

func TestAccounts_Export(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		threeAccounts(t, app)
		head := []string{"id", "name", "customer", "status", "opened_on", "last_moved_on", "deposited", "withdrawn", "balance"}
		formula := []string{accountID, "'=1+1", "bo", "open", "2026-01-02", "2026-01-04", "5.00", "0.00", "5.00"}
		holidays := []string{customerID, "Holidays", "Ana", "open", "2026-01-03", "2026-01-04", "1000.00", "0.00", "1000.00"}
		savings := []string{"s", "savings", "Ana", "closed", "2026-01-01", "", "0.00", "0.00", "0.00"}
		for address, want := range map[string][][]string{
			"/accounts.csv":                          {head, formula, holidays, savings},
			"/accounts.csv?sort=balance&status=open": {head, formula, holidays},
			"/accounts.csv?customer=ana&sort=-name":  {head, savings, holidays},
		} {
			if diff := cmp.Diff(want, table(t, app, address)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", address, diff)
			}
		}
	})
}

func TestAccounts_Pages(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana")
		var names []string
		for i := range 52 {
			names = append(names, fmt.Sprintf("Account %02d", i))
			openAccount(t, app, fmt.Sprintf("id-%02d", 99-i), anaID, names[i])
		}
		if diff := cmp.Diff([][]string{names[:50], names[50:]}, paged(t, app, "/accounts?customer=ana&status=open")); diff != "" {
			t.Errorf("pages differ (-want +got):\n%s", diff)
		}
		slices.Reverse(names)
		if diff := cmp.Diff([][]string{names[:50], names[50:]}, paged(t, app, "/accounts?sort=-name")); diff != "" {
			t.Errorf("pages differ (-want +got):\n%s", diff)
		}
	})
}
