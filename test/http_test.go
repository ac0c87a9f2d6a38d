package test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// step is one request and what has to come back.
type step struct {
	name         string
	method, path string // the path begins with the debt's where it begins with "."
	body         string
	header       map[string]string

	status  int
	want    []string // texts of the page, or of the Location
	not     []string
	version int64 // of the debt afterwards
}

const (
	debtID = "0c0ffee0-0000-4000-8000-000000000001" // the key of the form that issues it
	keyTwo = "0c0ffee0-0000-4000-8000-000000000002"
	anaID  = "ana"
)

var issueBody = form("_key", debtID, "_version", "0", "customer_id", anaID, "amount", "1,000.00", "interest_rate", "4.25", "on", "2026-01-31")

func pay(version, amount string) string {
	return form("_version", version, "principal", amount, "note", "", "on", "2026-02-28")
}

func run(t *testing.T, app *ledger, steps []step) {
	t.Helper()
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			path := s.path
			if strings.HasPrefix(path, ".") {
				path = "/debts/" + debtID + path[1:]
			}
			got, err := send(t.Context(), s.method, app.URL+path, s.body, s.header)
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, got)
			if version := app.version(t, debtID); version != s.version {
				t.Errorf("the debt is at version %d, want %d", version, s.version)
			}
		})
	}
}

func check(t *testing.T, s step, got answer) {
	t.Helper()
	page := got.body + got.header.Get("Location")
	if got.status != s.status {
		t.Errorf("got status %d, want %d\n%s", got.status, s.status, page)
	}
	for _, text := range s.want {
		if !strings.Contains(page, text) {
			t.Errorf("%q is missing in\n%s", text, page)
		}
	}
	for _, text := range s.not {
		if strings.Contains(page, text) {
			t.Errorf("%q is in\n%s", text, page)
		}
	}
}

// life is what can happen to a debt, and what is refused on the way.
var life = []step{
	{name: "home", method: "GET", path: "/", status: 303, want: []string{"/debts"}},
	{name: "empty list", method: "GET", path: "/debts", status: 200, want: []string{"No debts yet", "Issue the first debt"}},
	{name: "form", method: "GET", path: "/debts/new", status: 200, want: []string{`name="_key"`, `name="amount"`, `for="issue-amount"`}},
	{
		name: "issue refused", method: "POST", path: "/debts", status: 422,
		body: form("_key", debtID, "_version", "0", "customer_id", anaID, "amount", "ten", "interest_rate", "x", "on", "31.1.2026"),
		want: []string{
			`aria-describedby="issue-amount-error"`, "Amount must be an amount such as 1,234.56", `value="ten"`,
			"Interest rate must be a number such as 4.25", "Date must be a date such as 2026-01-31", `value="` + anaID + `"`,
		},
	},
	{
		name: "issue refused by the event", method: "POST", path: "/debts", status: 422,
		body: form("_key", debtID, "_version", "0", "customer_id", "", "amount", "0", "interest_rate", "101", "on", "2026-01-31"),
		want: []string{"Customer is required", "Amount must be greater than 0", "Interest rate must be 100 or less"},
	},
	{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, want: []string{"/debts/" + debtID}, version: 1},
	{name: "issue sent twice", method: "POST", path: "/debts", body: issueBody, status: 303, want: []string{"/debts/" + debtID}, version: 1},
	{
		name: "issue with a used key", method: "POST", path: "/debts", status: 409, version: 1,
		body: form("_key", debtID, "_version", "0", "customer_id", "bo", "amount", "5", "interest_rate", "0", "on", "2026-01-31"),
		want: []string{"This form was used already", `<option value="bo" selected>`}, not: []string{debtID},
	},
	{
		name: "show", method: "GET", path: ".", status: 200, version: 1,
		want: []string{"Ana &lt;b&gt;Sousa&lt;/b&gt;", "1,000.00", "4.25 % a year", `name="_version" value="1"`},
		not:  []string{"<b>Sousa"},
	},
	{name: "pay", method: "POST", path: "./payments", body: pay("1", "950"), status: 303, want: []string{"/debts/" + debtID}, version: 2},
	{
		name: "pay without the form's token", method: "POST", path: "./payments", body: pay("2", "1"), status: 403, version: 2,
		header: map[string]string{noToken: ""},
	},
	{
		name: "pay with another token", method: "POST", path: "./payments", body: pay("2", "1"), status: 403, version: 2,
		header: map[string]string{noToken: "AAAA"},
	},
	{
		name: "overpay", method: "POST", path: "./payments", body: pay("2", "50.01"), status: 422, version: 2,
		want: []string{
			"Amount exceeds the outstanding balance of 50.00", `value="50.01"`, `aria-invalid="true"`,
			`aria-describedby="payment-principal-error"`, `value="2026-02-28"`, `name="_version" value="2"`,
		},
	},
	{
		name: "pay before the issue", method: "POST", path: "./payments", status: 422, version: 2,
		body: form("_version", "2", "principal", "1", "on", "2026-01-30"),
		want: []string{"Date is before the debt was issued"},
	},
	{
		name: "pay in the future", method: "POST", path: "./payments", status: 422, version: 2,
		body: form("_version", "2", "principal", "1", "on", "2199-01-01"),
		want: []string{"Date is in the future"},
	},
	{
		name: "late payment spoils a later one", method: "POST", path: "./payments", status: 422, version: 2,
		body: form("_version", "2", "principal", "60", "on", "2026-02-01"),
		want: []string{"2026-02-28", "exceeds the outstanding balance of 940.00"},
	},
	{
		name: "stale", method: "POST", path: "./payments", body: pay("1", "20.00"), status: 409, version: 2,
		want: []string{"Somebody was faster", "<strong>Payment</strong>", "<bdi>950.00</bdi>", `value="20.00"`, `name="_version" value="2"`},
	},
	{
		name: "settle too early", method: "POST", path: "./settlement", status: 422, version: 2,
		body: form("_version", "2", "on", "2026-03-01"), want: []string{"50.00 is still outstanding"},
	},
	{name: "pay the rest", method: "POST", path: "./payments", body: pay("2", "50"), status: 303, version: 3},
	{
		name: "nothing outstanding", method: "GET", path: ".", status: 200, version: 3,
		want: []string{"Settle the debt"}, not: []string{"Record a payment"},
	},
	{name: "settle", method: "POST", path: "./settlement", body: form("_version", "3", "on", "2026-03-01"), status: 303, version: 4},
	{
		name: "settled", method: "GET", path: ".", status: 200, version: 4,
		want: []string{"Settled", "Nothing more to do"}, not: []string{`method="post"`},
	},
	{name: "nothing follows", method: "POST", path: "./payments", body: pay("4", "1"), status: 409, version: 4, want: []string{"closed"}},
	{
		name: "stale on a settled debt", method: "POST", path: "./payments", body: pay("3", "1"), status: 409, version: 4,
		want: []string{"Settled"}, not: []string{`method="post"`},
	},
	{name: "list", method: "GET", path: "/debts", status: 200, version: 4, want: []string{"/debts/" + debtID, "Settled"}},
}

func TestLedger_LifeOfADebt(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana <b>Sousa</b>")
		register(t, app.log, "bo", "Bo")
		run(t, app, slices.Concat(life, travels))
	})
}

func TestLedger_SamePaymentSentTwiceCountsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		once := form("_key", keyTwo, "_version", "1", "principal", "10", "on", "2026-02-28")
		other := form("_key", keyTwo, "_version", "1", "principal", "20", "on", "2026-02-28")
		run(t, app, []step{
			{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1},
			{name: "pay", method: "POST", path: "./payments", body: once, status: 303, version: 2},
			{name: "pay again", method: "POST", path: "./payments", body: once, status: 303, version: 2},
			{
				name: "another payment in the same form", method: "POST", path: "./payments", body: other, status: 409, version: 2,
				want: []string{"<bdi>10.00</bdi>", `value="20"`},
			},
		})
	})
}

func TestLedger_WriteOff(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		run(t, app, []step{
			{name: "issue", method: "POST", path: "/debts", body: issueBody, status: 303, version: 1},
			{
				name: "no reason", method: "POST", path: "./write-offs", status: 422, version: 1,
				body: form("_version", "1", "amount", "1,000", "reason", "", "on", "2026-02-01"),
				want: []string{"Reason is required", "<details class=\"card\" open"},
			},
			{
				name: "too much", method: "POST", path: "./write-offs", status: 422, version: 1,
				body: form("_version", "1", "amount", "1,000.01", "reason", "gone", "on", "2026-02-01"),
				want: []string{"Amount exceeds the outstanding balance of 1,000.00"},
			},
			{
				name: "all", method: "POST", path: "./write-offs", status: 303, version: 2,
				body: form("_version", "1", "amount", "1,000", "reason", "gone", "on", "2026-02-01"),
			},
			{
				name: "written off", method: "GET", path: ".", status: 200, version: 2,
				want: []string{"Written off", "gone"}, not: []string{`method="post"`},
			},
		})
	})
}

func TestLedger_HostileRequests(t *testing.T) {
	huge := strings.Repeat("9", 40)
	cross := map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		register(t, app.log, "markup", `"><script>alert(1)</script>`)
		run(t, app, []step{
			{name: "unknown debt", method: "GET", path: "/debts/nobody", status: 404, want: []string{"Not Found", "nothing at this address"}},
			{name: "unknown page", method: "GET", path: "/nowhere", status: 404, want: []string{"Go to all debts"}},
			{name: "wrong method", method: "DELETE", path: "/debts", status: 405},
			{name: "payment to an unknown debt", method: "POST", path: "/debts/nobody/payments", body: pay("1", "1"), status: 404},
			{name: "payment to an unknown debt at version 0", method: "POST", path: "/debts/nobody/payments", body: pay("0", "1"), status: 404},
			{name: "id with NUL", method: "GET", path: "/debts/a%00b", status: 404},
			{name: "id with invalid UTF-8", method: "GET", path: "/debts/%ff%fe", status: 404},
			{name: "id with a pattern", method: "GET", path: "/debts/*", status: 404},
			{name: "id with a slash", method: "GET", path: "/debts/%2e%2e%2fetc", status: 404},
			{name: "monstrous id", method: "GET", path: "/debts/" + strings.Repeat("a", 10_000), status: 404},
			{name: "monstrous id, post", method: "POST", path: "/debts/" + strings.Repeat("a", 10_000) + "/payments", body: pay("1", "1"), status: 404},
			{name: "id with markup", method: "GET", path: "/debts/" + url.PathEscape("<script>"), status: 404, not: []string{"<script>"}},
			{name: "cross-site", method: "POST", path: "/debts", body: issueBody, header: cross, status: 403, want: []string{"another site"}},
			{name: "other origin", method: "POST", path: "/debts", body: issueBody, header: map[string]string{"Origin": "https://evil.example"}, status: 403},
			{name: "2 MiB", method: "POST", path: "/debts", body: strings.Repeat("a", 2<<20), status: 413, want: []string{"larger than 1024 KiB"}},
			{name: "broken form", method: "POST", path: "/debts", body: "amount=%zz", status: 400},
			{name: "JSON", method: "POST", path: "/debts", body: `{"amount":1}`, header: map[string]string{"Content-Type": "application/json"}, status: 422},
			{name: "fields in the query", method: "POST", path: "/debts?" + issueBody, status: 422},
			{name: "no version", method: "POST", path: "./payments", body: form("principal", "1", "on", "2026-02-28"), status: 400},
			{name: "search", method: "GET", path: "/debts?q=%00%ff<script>", status: 200, not: []string{"<script>"}},
			{name: "a status that does not exist", method: "GET", path: "/debts?status=nonsense", status: 400, want: []string{"There is no such status"}},
			{name: "a page that does not exist", method: "GET", path: "/debts?after=x~y", status: 400, want: []string{"There is no such page"}},
			{name: "a page of nothing", method: "GET", path: "/debts?after=2026-01-01", status: 400, want: []string{"There is no such page"}},
			{name: "a page of another kind", method: "GET", path: "/debts?after=2026-01-01~%00'", status: 400, want: []string{"There is no such page"}},
			{
				name: "beyond int64", method: "POST", path: "/debts", status: 422, want: []string{"Amount is too large"},
				body: form("_version", "0", "customer_id", anaID, "amount", huge, "interest_rate", "0", "on", "2026-01-31"),
			},
			{
				name: "monstrous rate", method: "POST", path: "/debts", status: 422, want: []string{"Interest rate must be a number"},
				body: form("_version", "0", "customer_id", anaID, "amount", "1", "interest_rate", "1e999999999", "on", "2026-01-31"),
			},
			{
				name: "NUL", method: "POST", path: "/debts", status: 422, want: []string{"Customer must not contain the character U+0000"},
				body: form("_version", "0", "customer_id", "a\x00b", "amount", "1", "interest_rate", "0", "on", "2026-01-31"),
			},
			{
				name: "invalid UTF-8", method: "POST", path: "/debts", status: 422, want: []string{"Customer is not valid text"},
				body: form("_version", "0", "customer_id", "a\xffb", "amount", "1", "interest_rate", "0", "on", "2026-01-31"),
			},
			{
				name: "year 1", method: "POST", path: "/debts", status: 422, want: []string{"Date must be between the years"},
				body: form("_version", "0", "customer_id", anaID, "amount", "1", "interest_rate", "0", "on", "0001-01-01"),
			},
			{
				name: "markup", method: "POST", path: "/debts", status: 303, version: 1,
				body: form("_key", debtID, "_version", "0", "customer_id", "markup", "amount", "1", "interest_rate", "0", "on", "2026-01-31"),
			},
			{name: "markup on its page", method: "GET", path: ".", status: 200, version: 1, not: []string{"<script>"}, want: []string{"&lt;script&gt;"}},
			{name: "markup in the list", method: "GET", path: "/debts?q=script", status: 200, version: 1, not: []string{"<script>"}, want: []string{"&lt;script&gt;"}},
		})
	})
}

func TestLedger_SumsBeyondInt64(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, "crassus", "Crassus")
		for range 3 {
			body := form("_version", "0", "customer_id", "crassus", "amount", "92,233,720,368,547,758.07", "interest_rate", "0", "on", "2026-01-31")
			if got, err := send(t.Context(), http.MethodPost, app.URL+"/debts", body, nil); err != nil || got.status != http.StatusSeeOther {
				t.Fatalf("got %d, %v", got.status, err)
			}
		}
		run(t, app, []step{{name: "list", method: "GET", path: "/debts", status: 200, want: []string{"276,701,161,105,643,274.21"}}})
	})
}

func TestLedger_SecurityHeaders(t *testing.T) {
	app := open(t, sqliteURL(t))
	for _, path := range []string{"/debts", "/nowhere"} {
		got, err := send(t.Context(), http.MethodGet, app.URL+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy":    "frame-ancestors 'none'",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin",
			"X-Request-Id":               "-",
		} {
			if !strings.Contains(got.header.Get(name), want) {
				t.Errorf("%s: %s is %q, want %q in it", path, name, got.header.Get(name), want)
			}
		}
		if strings.Contains(got.header.Get("Content-Security-Policy"), "unsafe") || strings.Contains(got.body, "style=") {
			t.Errorf("%s: something inline is allowed or used", path)
		}
	}
}
