package test

import (
	"encoding/csv"
	"fmt"
	"html"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/events/debt"
)

const customerID = "0c0ffee0-0000-4000-8000-00000000000a" // the key of the form that registers them

// follow runs steps that are about one stream: its page is at path, and the versions are
// its own.
func follow(t *testing.T, app *ledger, stream *ireneo.Stream, path, id string, steps []step) {
	t.Helper()
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			address := s.path
			if strings.HasPrefix(address, ".") {
				address = path + "/" + id + address[1:]
			}
			got, err := send(t.Context(), s.method, app.URL+address, s.body, s.header)
			if err != nil {
				t.Fatal(err)
			}
			check(t, s, got)
			version, err := stream.In(app.log).For(id).Version(t.Context())
			if err != nil || version != s.version {
				t.Errorf("%s %s is at version %d, %v, want %d", stream.Type, id, version, err, s.version)
			}
		})
	}
}

// get asks for a page that is there.
func get(t *testing.T, app *ledger, address string) answer {
	t.Helper()
	got, err := send(t.Context(), http.MethodGet, app.URL+address, "", nil)
	if err != nil || got.status != http.StatusOK {
		t.Fatalf("%s: got %d, %v\n%s", address, got.status, err, got.body)
	}
	return got
}

var rowName = regexp.MustCompile(`<th scope="row"><a href="[^"]*"><bdi>([^<]*)</bdi>`)

// listed are the names on one page of a list.
func listed(page answer) []string {
	var names []string
	for _, m := range rowName.FindAllStringSubmatch(page.body, -1) {
		names = append(names, html.UnescapeString(m[1]))
	}
	return names
}

var nextPage = regexp.MustCompile(`rel="next" href="([^"]*)"`)

// paged are the names on all pages of a list, page by page.
func paged(t *testing.T, app *ledger, address string) (pages [][]string) {
	t.Helper()
	for address != "" {
		page := get(t, app, address)
		pages = append(pages, listed(page))
		next := nextPage.FindStringSubmatch(page.body)
		if address = ""; next != nil {
			address = html.UnescapeString(next[1])
		}
	}
	return pages
}

// table is a list as spreadsheets read it.
func table(t *testing.T, app *ledger, address string) [][]string {
	t.Helper()
	got := get(t, app, address)
	if !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") || !strings.Contains(got.header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%s is not for a spreadsheet: %v", address, got.header)
	}
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// refuses makes sure that the application does not guess what such addresses mean.
func refuses(t *testing.T, app *ledger, addresses map[string]string) {
	t.Helper()
	for address, want := range addresses {
		got, err := send(t.Context(), http.MethodGet, app.URL+address, "", nil)
		if err != nil || got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d, %v, want 400 with %q", address, got.status, err, want)
		}
	}
}

var registerBody = form("_key", customerID, "_version", "0", "name", "Ana <b>Sousa</b>", "email", "ana@example.com", "phone", "", "on", "2026-01-31")

func rename(version, name string) string {
	return form("_version", version, "name", name, "reason", "married", "on", "2026-02-28")
}

var lifeOfACustomer = []step{
	{name: "empty list", method: "GET", path: "/customers", status: 200, want: []string{"No customers yet", `href="/customers/new"`}, not: []string{"<table"}},
	{name: "form", method: "GET", path: "/customers/new", status: 200, want: []string{`name="_key"`, `for="register-name"`, `for="register-on"`}},
	{
		name: "register refused", method: "POST", path: "/customers", status: 422,
		body: form("_key", customerID, "_version", "0", "name", "", "email", "nowhere", "phone", "+351 1", "on", "31.1.2026"),
		want: []string{
			"Name is required", `aria-describedby="register-name-error"`, "Date must be a date such as 2026-01-31",
			`value="nowhere"`, `value="+351 1"`, `value="31.1.2026"`,
		},
	},
	{
		name: "register refused by the event", method: "POST", path: "/customers", status: 422,
		body: form("_key", customerID, "_version", "0", "name", "Ana", "email", "nowhere", "on", "2026-01-31"),
		want: []string{"Email must be a valid email address", `value="nowhere"`, `value="Ana"`},
	},
	{
		name: "register in the future", method: "POST", path: "/customers", status: 422,
		body: form("_key", customerID, "_version", "0", "name", "Ana", "on", "2199-01-01"),
		want: []string{"Date is in the future", `value="2199-01-01"`},
	},
	{name: "register", method: "POST", path: "/customers", body: registerBody, status: 303, want: []string{"/customers/" + customerID}, version: 1},
	{name: "register sent twice", method: "POST", path: "/customers", body: registerBody, status: 303, want: []string{"/customers/" + customerID}, version: 1},
	{
		name: "register with a used key", method: "POST", path: "/customers", status: 409, version: 1,
		body: form("_key", customerID, "_version", "0", "name", "Bo", "on", "2026-01-31"),
		want: []string{"This form was used already", `value="Bo"`}, not: []string{customerID},
	},
	{
		name: "show", method: "GET", path: ".", status: 200, version: 1,
		want: []string{
			"<bdi>Ana &lt;b&gt;Sousa&lt;/b&gt;</bdi>", "ana@example.com", "not known", "31 Jan 2026",
			`href="/debts/new?customer=` + customerID + `"`, `href="/accounts/new?customer=` + customerID + `"`,
			"No debts yet", "No accounts yet", `id="rename-name" `, `value="Ana &lt;b&gt;Sousa&lt;/b&gt;"`, `value="ana@example.com"`,
		},
		not: []string{"<b>Sousa", `<details class="card" open`},
	},
	{
		name: "rename refused", method: "POST", path: "./name", status: 422, version: 1,
		body: form("_version", "1", "name", "", "reason", "why not", "on", "2026-02-28"),
		want: []string{"Name is required", `value="why not"`, `<details class="card" open`, `aria-describedby="rename-name-error"`},
	},
	{
		name: "rename to the same name", method: "POST", path: "./name", body: rename("1", "Ana <b>Sousa</b>"), status: 422, version: 1,
		want: []string{"Name is the same as before"},
	},
	{
		name: "rename before the registration", method: "POST", path: "./name", status: 422, version: 1,
		body: form("_version", "1", "name", "Ana", "on", "2026-01-30"),
		want: []string{"Date is before the customer was registered"},
	},
	{
		name: "rename in the future", method: "POST", path: "./name", status: 422, version: 1,
		body: form("_version", "1", "name", "Ana", "on", "2199-01-01"), want: []string{"Date is in the future"},
	},
	{name: "rename", method: "POST", path: "./name", body: rename("1", "Ana Melo"), status: 303, want: []string{"/customers/" + customerID}, version: 2},
	{
		name: "rename too late", method: "POST", path: "./name", body: rename("1", "Ana Reis"), status: 409, version: 2,
		want: []string{
			"Somebody was faster", "<strong>Renamed</strong>", "Name <bdi>Ana Melo</bdi>", "What you typed would be accepted now",
			`value="Ana Reis"`, `name="_version" value="2"`, `<details class="card" open`, `form="rename"`,
		},
	},
	{
		name: "rename too late to the same name", method: "POST", path: "./name", body: rename("1", "Ana Melo"), status: 409, version: 2,
		want: []string{"What you typed would be refused now", "Name is the same as before"}, not: []string{"Record it after version"},
	},
	{
		name: "contact refused", method: "POST", path: "./contact", status: 422, version: 2,
		body: form("_version", "2", "email", "nowhere", "phone", "+351 2", "on", "2026-03-01"),
		want: []string{"Email must be a valid email address", `value="nowhere"`, `value="+351 2"`, `<details class="card" open`},
	},
	{
		name: "contact", method: "POST", path: "./contact", status: 303, version: 3,
		body: form("_version", "2", "email", "", "phone", "+351 2", "on", "2026-03-01"),
	},
	{
		name: "contact too late", method: "POST", path: "./contact", status: 409, version: 3,
		body: form("_version", "2", "email", "melo@example.com", "phone", "", "on", "2026-03-02"),
		want: []string{"Somebody was faster", "<strong>Contact changed</strong>", "Phone <bdi>+351 2</bdi>", `value="melo@example.com"`, `form="contact"`},
	},
	{
		name: "history", method: "GET", path: ".", status: 200, version: 3,
		want: []string{
			"<bdi>Ana Melo</bdi></h1>", "<del><bdi>Ana &lt;b&gt;Sousa&lt;/b&gt;</bdi></del>", "<ins><bdi>Ana Melo</bdi></ins>",
			`<p class="note"><bdi>married</bdi></p>`, "<del><bdi>ana@example.com</bdi></del>", "+351 2",
		},
	},
	{
		name: "the first version", method: "GET", path: ".?version=1", status: 200, version: 3,
		want: []string{"You are looking at the past:", "<bdi>Ana &lt;b&gt;Sousa&lt;/b&gt;</bdi></h1>", "ana@example.com", "1 of 3", "Registered changed"},
		not:  []string{`method="post"`, "/debts/new", "/accounts/new", "No debts yet", "Ana Melo"},
	},
	{
		name: "what was true", method: "GET", path: ".?at=2026-02-28", status: 200, version: 3,
		want: []string{"as it was on 28 Feb 2026", "<bdi>Ana Melo</bdi></h1>", "ana@example.com"}, not: []string{`method="post"`, "+351 2"},
	},
	{name: "before anything was true", method: "GET", path: ".?at=2026-01-30", status: 404, version: 3},
	{name: "before anything was known", method: "GET", path: ".?as_of=2020-01-01", status: 404, version: 3},
	{name: "no version", method: "GET", path: ".?version=x", status: 400, version: 3, want: []string{"version must be a whole number from 1"}},
	{name: "list", method: "GET", path: "/customers", status: 200, version: 3, want: []string{"/customers/" + customerID, "<bdi>Ana Melo</bdi>", "0.00"}},
	{name: "unknown", method: "GET", path: "/customers/nobody", status: 404, version: 3},
	{name: "rename nobody", method: "POST", path: "/customers/nobody/name", body: rename("1", "Bo"), status: 404, version: 3},
	{name: "rename nobody at version 0", method: "POST", path: "/customers/nobody/name", body: rename("0", "Bo"), status: 404, version: 3},
	{name: "nobody's contact", method: "POST", path: "/customers/nobody/contact", body: form("_version", "1", "on", "2026-03-01"), status: 404, version: 3},
	{name: "id with NUL", method: "GET", path: "/customers/a%00b", status: 404, version: 3},
	{name: "rename without a version", method: "POST", path: "./name", body: form("name", "Bo", "on", "2026-03-01"), status: 400, version: 3},
}

func TestCustomer_Life(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		follow(t, app, streams.Customer, "/customers", customerID, lifeOfACustomer)
	})
}

// The page of a customer shows the newest debts, and leads to all of them.
func TestCustomer_FirstDebtsAndAccounts(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, anaID, "Ana Sousa")
		register(t, app.log, "bo", "Bo")
		issue(t, app, "of-bo", "bo", 31)
		openAccount(t, app, "of-bo", "bo", "A first one")
		for i := range 11 {
			issue(t, app, fmt.Sprintf("of-ana-%02d", i+1), anaID, i+1)
			openAccount(t, app, fmt.Sprintf("account-%02d", i+1), anaID, fmt.Sprintf("Account %02d", i+1))
		}

		page := get(t, app, "/customers/ana").body
		if got := strings.Count(page, `href="/debts/of-ana-`); got != 10 || strings.Contains(page, "/debts/of-ana-01") {
			t.Errorf("got %d debts, want the newest 10\n%s", got, page)
		}
		if got := strings.Count(page, `href="/accounts/account-`); got != 10 || strings.Contains(page, "Account 11") {
			t.Errorf("got %d accounts, want the first 10\n%s", got, page)
		}
		for _, link := range []string{`href="/debts?customer=ana"`, `href="/accounts?customer=ana"`} {
			if !strings.Contains(page, link) {
				t.Errorf("%s is missing in\n%s", link, page)
			}
		}
		if strings.Contains(page, "of-bo") {
			t.Errorf("another customer's things are in\n%s", page)
		}
	})
}

// issue issues a debt of one cent, on a day of January.
func issue(t *testing.T, app *ledger, id, customer string, day int) {
	t.Helper()
	ev := &debt.Issued{CustomerID: customer, Amount: 1, On: civil.Date{Year: 2026, Month: 1, Day: day}}
	if err := streams.Debt.In(app.log).For(id).Append(t.Context(), ev); err != nil {
		t.Fatalf("issue %s: %v", id, err)
	}
}

func TestCustomers_List(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		for i, name := range []string{"carla", "Álvaro", "Bruno"} {
			ev := &customer.Registered{Name: name, Email: strings.ToLower(name[:1]) + "@example.com", On: civil.Date{Year: 2026, Month: 1, Day: i + 1}}
			if strings.HasPrefix(name, "Á") {
				ev.Email, ev.Phone = "", "+351 3"
			}
			if err := streams.Customer.In(app.log).For(name[len(name)-2:]).Append(t.Context(), ev); err != nil {
				t.Fatal(err)
			}
		}
		issue(t, app, "one", "la", 3)
		issue(t, app, "two", "la", 4)

		page := get(t, app, "/customers")
		for _, want := range []string{`aria-sort="ascending"`, "c@example.com", "<bdi>+351 3</bdi>", "0.02", `href="/customers.csv"`, `aria-label="Sort by"`} {
			if !strings.Contains(page.body, want) {
				t.Errorf("%q is missing in\n%s", want, page.body)
			}
		}
		for query, want := range map[string][]string{
			"sort=name":               {"Bruno", "carla", "Álvaro"},
			"sort=-name":              {"Álvaro", "carla", "Bruno"},
			"sort=registered_on":      {"carla", "Álvaro", "Bruno"},
			"sort=-registered_on":     {"Bruno", "Álvaro", "carla"},
			"q=%C3%81L":               {"Álvaro"},
			"q=a&sort=-registered_on": {"Álvaro", "carla"},
			"q=%25":                   nil,
			"q=nobody":                nil,
			"q=%00%ff<script>":        nil,
		} {
			got := get(t, app, "/customers?"+query)
			if diff := cmp.Diff(want, listed(got)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", query, diff)
			}
			if want == nil && (!strings.Contains(got.body, "No customer fits") || !strings.Contains(got.body, "Show all")) {
				t.Errorf("%s leads nowhere:\n%s", query, got.body)
			}
		}
		refuses(t, app, map[string]string{
			"/customers?sort=outstanding":   "cannot be sorted by that",
			"/customers?sort=name%3B--":     "cannot be sorted by that",
			"/customers?status=open":        "The list has no filter status",
			"/customers?after=x~y":          "There is no such page",
			"/customers.csv?sort=name_key":  "cannot be sorted by that",
			"/customers.csv?status=settled": "The list has no filter status",
		})
	})
}

// Pages follow each other without a gap and without a repetition, in both directions.
func TestCustomers_Pages(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		var names []string
		for i := range 52 {
			names = append(names, fmt.Sprintf("Customer %02d", i))
			register(t, app.log, fmt.Sprintf("id-%02d", 99-i), names[i])
		}
		ascending := paged(t, app, "/customers")
		if diff := cmp.Diff([][]string{names[:50], names[50:]}, ascending); diff != "" {
			t.Errorf("pages differ (-want +got):\n%s", diff)
		}
		slices.Reverse(names)
		descending := paged(t, app, "/customers?sort=-name&q=customer")
		if diff := cmp.Diff([][]string{names[:50], names[50:]}, descending); diff != "" {
			t.Errorf("pages differ (-want +got):\n%s", diff)
		}

		next := nextPage.FindStringSubmatch(get(t, app, "/customers").body)
		other, err := send(t.Context(), http.MethodGet, app.URL+html.UnescapeString(next[1])+"&sort=-name", "", nil)
		if err != nil || other.status != http.StatusBadRequest {
			t.Errorf("the page of another sort: got %d, %v, want 400", other.status, err)
		}
		if rows := table(t, app, "/customers.csv"); len(rows) != 53 {
			t.Errorf("the table has %d rows, want all 52 and a head", len(rows))
		}
	})
}

func TestCustomers_Export(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, "formula", "=1+1")
		register(t, app.log, "crassus", "Crassus")
		for range 3 {
			body := form("_version", "0", "customer_id", "crassus", "amount", "92,233,720,368,547,758.07", "interest_rate", "0", "on", "2026-01-31")
			if !posted(t.Context(), app.URL+"/debts", body) {
				t.Fatal("the debt was not issued")
			}
		}

		head := []string{"id", "name", "email", "phone", "registered_on", "open_debts", "outstanding"}
		formula := []string{"formula", "'=1+1", "", "", "2026-01-01", "0", "0.00"}
		crassus := []string{"crassus", "Crassus", "", "", "2026-01-01", "3", "276701161105643274.21"}
		for address, want := range map[string][][]string{
			"/customers.csv":            {head, formula, crassus},
			"/customers.csv?sort=-name": {head, crassus, formula},
			"/customers.csv?q=CRASS":    {head, crassus},
		} {
			if diff := cmp.Diff(want, table(t, app, address)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", address, diff)
			}
		}
		if page := get(t, app, "/customers"); !strings.Contains(page.body, "276,701,161,105,643,274.21") {
			t.Errorf("the sum is missing in\n%s", page.body)
		}
	})
}
