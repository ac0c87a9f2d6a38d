package test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/config"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/store"
)

const (
	transferKey      = "0c0ffee0-0000-4000-8000-00000000000c"
	otherTransferKey = "0c0ffee0-0000-4000-8000-00000000000d"
)

// wire is the body of a transfer.
func wire(key, to, amount, on string) string {
	return form("_key", key, "to", to, "amount", amount, "note", "rent", "on", on)
}

// twoAccounts are one of Ana's with 100.00 in it, and one of Bo's with nothing; a third one
// is closed.
func twoAccounts(t *testing.T, app *ledger) {
	t.Helper()
	register(t, app.log, anaID, "Ana Sousa")
	register(t, app.log, "bo", "Bo")
	openAccount(t, app, "from", anaID, "Wages <b>")
	openAccount(t, app, "to", "bo", "Rent & more")
	openAccount(t, app, "shut", "bo", "Shut")
	into(t, app, "from", &account.Deposited{Amount: 100_00, On: civil.Date{Year: 2026, Month: 1, Day: 15}})
	into(t, app, "shut", &account.Closed{On: civil.Date{Year: 2026, Month: 1, Day: 15}})
}

func into(t *testing.T, app *ledger, id string, ev ireneo.AnyEvent) {
	t.Helper()
	if err := streams.Account.In(app.log).For(id).Append(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

// wantBalances compares what is in accounts, in cents.
func wantBalances(t *testing.T, app *ledger, want map[string]int64) {
	t.Helper()
	for id, cents := range want {
		row, err := projections.AccountBalances.Find(ireneo.WithLog(t.Context(), app.log), id)
		if err != nil || row.Balance != cents {
			t.Errorf("%s has %v, %v, want %d", id, row, err, cents)
		}
	}
}

var lifeOfATransfer = []step{
	{
		name: "link", method: "GET", path: ".", status: 200, version: 2,
		want: []string{`href="/accounts/from/transfer"`},
	},
	{name: "no link where there is nothing", method: "GET", path: "/accounts/to", status: 200, version: 2, not: []string{"/accounts/to/transfer"}},
	{
		name: "form", method: "GET", path: "./transfer", status: 200, version: 2,
		want: []string{
			"Transfer money", "Wages &lt;b&gt;", "which has 100.00", `name="_key"`, `for="transfer-to"`,
			`<option value="to">Rent &amp; more · Bo</option>`,
		},
		not: []string{`<option value="from"`, `<option value="shut"`, `role="search"`, "Wages <b>"},
	},
	{
		name: "nothing typed", method: "POST", path: "./transfer", body: wire(transferKey, "", "", ""), status: 422, version: 2,
		want: []string{"To account is required", "Amount is required", "Date is required", `aria-describedby="transfer-amount-error"`},
	},
	{
		name: "nothing that can be read", method: "POST", path: "./transfer", body: wire(transferKey, "to", "ten", "31.1.2026"), status: 422, version: 2,
		want: []string{"Amount must be an amount such as 1,234.56", `value="ten"`, "Date must be a date", `<option value="to" selected>`, `value="rent"`},
	},
	{name: "nothing to transfer", method: "POST", path: "./transfer", body: wire(transferKey, "to", "0", "2026-02-01"), status: 422, version: 2, want: []string{"Amount must be greater than 0"}},
	{name: "in the future", method: "POST", path: "./transfer", body: wire(transferKey, "to", "1", "2199-01-01"), status: 422, version: 2, want: []string{"Date is in the future"}},
	{
		name: "too much", method: "POST", path: "./transfer", body: wire(transferKey, "to", "100.01", "2026-02-01"), status: 422, version: 2,
		want: []string{"Amount exceeds the balance of 100.00", `value="100.01"`, `<option value="to" selected>`},
	},
	{
		name: "before it was there", method: "POST", path: "./transfer", body: wire(transferKey, "to", "1", "2026-01-14"), status: 422, version: 2,
		want: []string{"Amount exceeds the balance of 0.00"},
	},
	{
		name: "before the other one was there", method: "POST", path: "./transfer", body: wire(transferKey, "late", "1", "2026-01-16"), status: 422, version: 2,
		want: []string{"Date is before the other account was opened"},
	},
	{name: "to itself", method: "POST", path: "./transfer", body: wire(transferKey, "from", "1", "2026-02-01"), status: 422, version: 2, want: []string{"To account must be another one"}},
	{name: "to nobody", method: "POST", path: "./transfer", body: wire(transferKey, "nobody", "1", "2026-02-01"), status: 422, version: 2, want: []string{"To account does not exist"}},
	{name: "to nothing that can be", method: "POST", path: "./transfer", body: wire(transferKey, strings.Repeat("a", 1000), "1", "2026-02-01"), status: 422, version: 2, want: []string{"To account "}},
	{
		name: "to a closed one", method: "POST", path: "./transfer", body: wire(transferKey, "shut", "1", "2026-02-01"), status: 422, version: 2,
		want: []string{"To account is closed", `<option value="shut" selected>Shut</option>`},
	},
	{
		name: "the page's account is no field", method: "POST", path: "./transfer", status: 422, version: 2,
		body: form("from", "to", "to", "late", "amount", "1", "on", "2026-02-20"), want: []string{"This form has no such field: from"},
	},
	{name: "cross-site", method: "POST", path: "./transfer", body: wire(transferKey, "to", "1", "2026-02-01"), header: map[string]string{"Sec-Fetch-Site": "cross-site"}, status: 403, version: 2},
	{name: "without a token", method: "POST", path: "./transfer", body: wire(transferKey, "to", "1", "2026-02-01"), header: map[string]string{noToken: ""}, status: 403, version: 2},

	{name: "transfer", method: "POST", path: "./transfer", body: wire(transferKey, "to", "30", "2026-02-01"), status: 303, want: []string{"/accounts/from"}, version: 3},
	{name: "sent twice", method: "POST", path: "./transfer", body: wire(transferKey, "to", "30", "2026-02-01"), status: 303, want: []string{"/accounts/from"}, version: 3},
	{
		name: "used with another amount", method: "POST", path: "./transfer", body: wire(transferKey, "to", "31", "2026-02-01"), status: 409, version: 3,
		want: []string{"This form was used already", `value="31"`}, not: []string{transferKey},
	},
	{
		name: "where it came from", method: "GET", path: ".", status: 200, version: 3,
		want: []string{"Transfer out", "<bdi>to Rent &amp; more: rent</bdi>", `<p class="amount">70.00</p>`, "account.transfer"},
	},
	{
		name: "where it went", method: "GET", path: "/accounts/to", status: 200, version: 3,
		want: []string{"Transfer in", "<bdi>from Wages &lt;b&gt;: rent</bdi>", `<p class="amount">30.00</p>`}, not: []string{"Wages <b>"},
	},
	{name: "from nobody", method: "POST", path: "/accounts/nobody/transfer", body: wire(otherTransferKey, "to", "1", "2026-02-01"), status: 404, version: 3},
	{name: "from an id with NUL", method: "POST", path: "/accounts/a%00b/transfer", body: wire(otherTransferKey, "to", "1", "2026-02-01"), status: 404, version: 3},
	{name: "nobody's form", method: "GET", path: "/accounts/nobody/transfer", status: 404, version: 3},
	{name: "an id with NUL", method: "GET", path: "/accounts/a%00b/transfer", status: 404, version: 3},
	{
		name: "from a closed one", method: "POST", path: "/accounts/shut/transfer", body: wire(otherTransferKey, "to", "1", "2026-02-01"), status: 422, version: 3,
		want: []string{"This account is closed"}, not: []string{`method="post"`},
	},
	{name: "a closed one's form", method: "GET", path: "/accounts/shut/transfer", status: 200, version: 3, want: []string{"This account is closed"}, not: []string{`method="post"`}},
	{
		name: "search", method: "GET", path: "./transfer?q=LAT", status: 200, version: 3,
		want: []string{`role="search"`, `value="LAT"`, `<option value="late">`}, not: []string{`<option value="to"`},
	},
	{name: "search for markup", method: "GET", path: "./transfer?q=%00%ff<script>", status: 200, version: 3, not: []string{"<script>"}},
}

func TestTransfer_Life(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		twoAccounts(t, app)
		late := &account.Opened{CustomerID: anaID, Name: "Late", On: civil.Date{Year: 2026, Month: 2, Day: 10}}
		into(t, app, "late", late)
		follow(t, app, streams.Account, "/accounts", "from", lifeOfATransfer)
		wantBalances(t, app, map[string]int64{"from": 70_00, "to": 30_00, "late": 0, "shut": 0})
		if failed, err := app.log.Executions(t.Context(), ireneo.ExecutionQuery{Outcome: ireneo.Failed}); err != nil || len(failed) > 0 {
			t.Errorf("%+v, %v", failed, err)
		}
	})
}

// Both facts of a transfer say that they belong together, and who did it by which command.
func TestTransfer_FactsBelongTogether(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		twoAccounts(t, app)
		if !posted(t.Context(), app.URL+"/accounts/from/transfer", wire(transferKey, "to", "30", "2026-02-01")) {
			t.Fatal("the transfer is refused")
		}
		var facts []ireneo.AnyEvent
		for ev, err := range ireneo.Together(t.Context(), []*ireneo.Handle{streams.Account.In(app.log).For("from"), streams.Account.In(app.log).For("to")}) {
			if err != nil {
				t.Fatal(err)
			}
			if ev.Meta().Get(ireneo.CommandKey) == "account.transfer" {
				facts = append(facts, ev)
			}
		}
		if len(facts) != 2 || facts[0].Position() != facts[1].Position() {
			t.Fatalf("got %v", facts)
		}
		for _, key := range []string{ireneo.CorrelationKey, ireneo.ExecutionKey} {
			if a, b := facts[0].Meta().Get(key), facts[1].Meta().Get(key); a == "" || a != b {
				t.Errorf("%s is %q and %q", key, a, b)
			}
		}
		done, err := app.log.Execution(t.Context(), facts[0].Meta().Get(ireneo.ExecutionKey))
		if err != nil || done.Outcome != ireneo.Committed || done.CommandID != transferKey || done.Events != 2 {
			t.Errorf("on record is %+v, %v", done, err)
		}
	})
}

// Many browsers transfer to and fro at once. Whatever each is told, it is told the truth,
// and not a cent is lost.
func TestTransfer_BrowsersFight(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		twoAccounts(t, app)
		into(t, app, "to", &account.Deposited{Amount: 100_00, On: civil.Date{Year: 2026, Month: 1, Day: 15}})
		var fight sync.WaitGroup
		var mu sync.Mutex
		moved := map[string]int64{}
		for _, way := range [][2]string{{"from", "to"}, {"to", "from"}, {"from", "to"}, {"from", "to"}} {
			fight.Go(func() {
				for range 10 {
					got, err := send(t.Context(), http.MethodPost, app.URL+"/accounts/"+way[0]+"/transfer", wire("", way[1], "9", "2026-02-01"), nil)
					mu.Lock()
					switch {
					case err != nil:
						t.Error(err)
					case got.status == http.StatusSeeOther:
						moved[way[0]] += 9_00
					case got.status != http.StatusUnprocessableEntity && got.status != http.StatusConflict:
						t.Errorf("got %d\n%s", got.status, got.body)
					}
					mu.Unlock()
				}
			})
		}
		fight.Wait()
		net := moved["from"] - moved["to"]
		wantBalances(t, app, map[string]int64{"from": 100_00 - net, "to": 100_00 + net})
		if moved["from"] == 0 {
			t.Error("nobody came through")
		}
	})
}

// A form sent by many at once transfers once.
func TestTransfer_SentManyTimesAtOnceCountsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		twoAccounts(t, app)
		var clicks sync.WaitGroup
		for range 8 {
			clicks.Go(func() {
				if !posted(t.Context(), app.URL+"/accounts/from/transfer", wire(transferKey, "to", "30", "2026-02-01")) {
					t.Error("a click is refused")
				}
			})
		}
		clicks.Wait()
		wantBalances(t, app, map[string]int64{"from": 70_00, "to": 30_00})
	})
}

// overtaken is a database on which somebody else is faster each time.
type overtaken struct {
	store.Store
	faster func() // nil: nobody
}

func (s *overtaken) Insert(ctx context.Context, batches ...*store.Batch) error {
	if s.faster != nil {
		s.faster()
	}
	return s.Store.Insert(ctx, batches...)
}

// Where others were faster each time, the page says what they did, and takes one click to
// try again.
func TestTransfer_OvertakenEachTime(t *testing.T) {
	on := civil.Date{Year: 2026, Month: 2, Day: 2}
	for name, tt := range map[string]struct {
		faster func() ireneo.AnyEvent
		in     string
		want   []string
		not    string
	}{
		"from": {
			func() ireneo.AnyEvent { return &account.Withdrawn{Amount: 1_00, On: on} }, "from",
			[]string{
				"<strong>Withdrawal</strong>", "Amount <bdi>1.00</bdi>", "What you typed would be accepted now",
				`<button class="button primary" form="transfer">`, `id="transfer"`,
			},
			"",
		},
		"to": {
			func() ireneo.AnyEvent { return &account.Deposited{Amount: 2_00, On: on} }, "to",
			[]string{"<strong>Deposit</strong>", "Amount <bdi>2.00</bdi>", "What you typed would be accepted now"},
			"",
		},
		"too much by then": {
			func() ireneo.AnyEvent { return &account.Withdrawn{Amount: 8_00, On: on} }, "from",
			[]string{"<strong>Withdrawal</strong>", "What you typed would be refused now", "<li>Amount exceeds the balance of 60.00</li>"},
			"Record it after version",
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := sqliteURL(t)
			app := open(t, url)
			twoAccounts(t, app)
			db := &overtaken{faster: func() { into(t, app, tt.in, tt.faster()) }}
			slow := openOn(t, url, db)

			body := wire(transferKey, "to", "61", "2026-02-03")
			got, err := send(t.Context(), http.MethodPost, slow.URL+"/accounts/from/transfer", body, nil)
			if err != nil {
				t.Fatal(err)
			}
			s := step{status: http.StatusConflict, want: append(tt.want, "Somebody was faster", `name="_key" value="`+transferKey+`"`, `value="61"`)}
			if tt.not != "" {
				s.not = []string{tt.not}
			}
			check(t, s, got)

			db.faster = nil
			again, err := send(t.Context(), http.MethodPost, slow.URL+"/accounts/from/transfer", body, nil)
			if err != nil || (again.status == http.StatusSeeOther) != (tt.not == "") {
				t.Errorf("sent again: got %d, %v", again.status, err)
			}
		})
	}
}

// openOn serves Ledger on a database of which db changes what it does.
func openOn(t *testing.T, url string, db *overtaken) *ledger {
	t.Helper()
	st, _, err := config.OpenLog(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	db.Store = st
	log, err := ireneo.Open(db, config.Declarations())
	if err != nil {
		t.Fatal(err)
	}
	srv, err := config.NewServer(log, server.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	app := &ledger{Server: httptest.NewServer(srv.Handler()), log: log}
	t.Cleanup(app.Close)
	visitors.Delete(app.URL)
	return app
}
