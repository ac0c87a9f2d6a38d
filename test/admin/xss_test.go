package admin

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/chromedp/chromedp"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/server"
)

// corpus is what people store who want a page or a spreadsheet to do something. What runs
// all the same sets window.pwned.
var corpus = map[string]string{
	"elements":   `</code></title><svg onload=pwned=1><img src=x onerror=pwned=1><script>pwned=1</script>`,
	"attributes": `javascript:pwned=1//"' autofocus onfocus=pwned=1 onmouseover='pwned=1' x="`,
	"formula":    "=cmd|' /C calc'!A0 &lt;b&gt; \u202egpj.exe\u2066 👩‍👩‍👧‍👦 é漢",
	"elsewhere":  `//evil.example/..//--><!--><base href="https://evil.example/">`,
	"templates":  "@SUM(1) {{ .Secret }} ${pwned=1} <%= 7 %> `id` '; DROP TABLE event_entries; --",
}

// poisoned is Ledger with a text of the corpus in every field that is stored.
func poisoned(t *testing.T, text string) *site {
	t.Helper()
	s := serve(t, server.Options{})
	s.refused = text
	ctx := ireneo.WithMeta(t.Context(), map[string]string{
		ireneo.ActorKey: text, ireneo.CorrelationKey: text, "note " + text: text,
	})
	on := civil.Date{Year: 2026, Month: 10, Day: 1}
	registered := &customer.Registered{Name: text, Email: "a@example.com", On: on}
	s.must(streams.Customer.In(s.log).For(text).Append(ctx, registered, ireneo.IdempotencyKey(text)))
	s.must(streams.Account.In(s.log).For(text).Append(ctx, &account.Opened{CustomerID: text, Name: text, On: on}, ireneo.CausedBy(registered)))
	s.must(streams.Account.In(s.log).For(text).Append(ctx, &account.Deposited{Amount: 5, Note: text, On: on}))
	s.must(streams.Debt.In(s.log).For(text).Append(ctx, &debt.Issued{CustomerID: text, Amount: 500, InterestRate: decimal.NewFromInt(3), On: on}))
	s.must(streams.Debt.In(s.log).For(text).Append(ctx, &debt.WrittenOff{Amount: 5, Reason: text, On: on}))

	s.transfer(ctx, text+" too", text, text)

	keyed, err := json.Marshal(map[string]any{text: text, "amount": map[string]string{text: text}})
	s.must(err)
	s.chain, s.late = registered.ID(), registered.ID()
	s.unknown = s.insert("loan", text, text, string(keyed))
	s.garbled = s.insert("debt", "garbled"+text, "debt.payment_received", string(keyed))
	s.insert(text, text, "loan.opened", string(keyed))
	s.stop(text)
	return s
}

// stop has everything fail, be paused and skipped for a reason of the corpus.
func (s *site) stop(text string) {
	s.t.Helper()
	s.broken.Store(true)
	s.run()
	s.until("deposit_counts", func(d ireneo.Delivery) bool { return d.State == "stopped" })
	at := s.until("receipts", func(d ireneo.Delivery) bool { return d.State == "stopped" }).FailedAt
	s.until("letters", func(d ireneo.Delivery) bool { return d.Parked > 0 && d.Position == d.Head })
	s.must(s.log.Skip(s.t.Context(), "receipts", at, text))
	s.must(s.log.Pause(s.t.Context(), "customer_totals", text))
	c := client(s.t)
	for _, f := range s.send(c, http.MethodGet, "/admin/subscriptions/reports", nil).forms() {
		if strings.HasSuffix(f.action, "/pause") {
			f.fields.Set("confirm", "reports")
			f.fields.Set("reason", text)
			if got := s.send(c, http.MethodPost, f.action, f.fields); got.status != http.StatusSeeOther {
				s.t.Fatalf("pause: got %d\n%s", got.status, got.body)
			}
		}
	}
}

// queries are screens that show what their address says.
func queries(text string) []string {
	q, segment := url.QueryEscape(text), url.PathEscape(text)
	return []string{
		"/admin/events?q=" + q, "/admin/events?q=amount:" + q, "/admin/events?type=" + q, "/admin/events?stream=" + q,
		"/admin/events?from=" + q, "/admin/events?at=" + q, "/admin/events?before=" + q, "/admin/events/" + segment,
		"/admin/streams?name=" + q, "/admin/streams?prefix=" + q, "/admin/streams/debt?prefix=" + q, "/admin/streams/" + segment,
		"/admin/streams/debt/" + segment + "/state?projection=" + q, "/admin/streams/debt/" + segment + "/state?version=" + q,
		"/admin/streams/debt/" + segment + "/state?at=" + q, "/admin/streams/debt/" + segment + "/diff?from=" + q,
		"/admin/swimlane?stream=" + q, "/admin/swimlane?stream=debt/" + q, "/admin/projections/" + segment,
		"/admin/projections/outstanding_balances/rows?prefix=" + q, "/admin/projections/outstanding_balances/rows/" + segment,
		"/admin/projections/deposit_counts/rows/" + url.PathEscape("note "+text), "/admin/graph/" + segment,
		"/admin/commands/" + segment, "/admin/commands?command=" + q, "/admin/commands?actor=" + q, "/admin/commands?outcome=" + q,
		"/admin/commands?before=" + q, "/admin/streams/debt/" + segment + "/what-if", "/admin/streams/debt/" + segment + "/what-if?type=" + q,
		"/admin/subscriptions/" + segment, "/admin/rebuilds/" + segment, "/admin/tail?q=" + q, "/admin/audit?before=" + q,
		"/admin/audit?done=" + q,
	}
}

var (
	inTag   = regexp.MustCompile(`^<(?:!doctype html|/?[a-z][a-zA-Z0-9]*(?: [a-zA-Z][a-zA-Z-]*(?:="[^"<]*")?)*/?)>`)
	within  = regexp.MustCompile(`[ <]([a-zA-Z-]+)="([^"]*)"`)
	ours    = regexp.MustCompile(`^<script type="module" src="/admin/assets/admin\.[0-9a-f]+\.js">$`)
	ofNoUse = regexp.MustCompile(`(?i)^</?(script|iframe|img|object|embed|base|style|form [^>]*action="[^/])`)
)

// inert makes sure that a page has no tag but ours, none that runs something, and no link
// that leads to another site.
func inert(t *testing.T, a answer) {
	t.Helper()
	for at := strings.IndexByte(a.body, '<'); at >= 0; {
		tag := inTag.FindString(a.body[at:])
		switch {
		case tag == "":
			t.Errorf("%s has %.60q", a.path, a.body[at:])
			return
		case ofNoUse.MatchString(tag) && !ours.MatchString(tag) && tag != "</script>":
			t.Errorf("%s has %s", a.path, tag)
		}
		for _, attribute := range within.FindAllStringSubmatch(tag, -1) {
			name, value := strings.ToLower(attribute[1]), html.UnescapeString(attribute[2])
			leads := name == "href" || name == "src" || name == "action"
			if strings.HasPrefix(name, "on") || name == "style" || name == "srcdoc" || leads && !strings.HasPrefix(value, "#") && !strings.HasPrefix(value, "/admin") {
				t.Errorf("%s has %s", a.path, tag)
			}
		}
		next := strings.IndexByte(a.body[at+len(tag):], '<')
		if next < 0 {
			return
		}
		at += len(tag) + next
	}
}

// Whatever is stored in any field is text on every page, in its twin, and in every export.
func TestXSS_StoredTextIsInert(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(corpus)) {
		t.Run(name, func(t *testing.T) {
			s := poisoned(t, corpus[name])
			shown := 0
			see := func(a answer) {
				switch {
				case a.page():
					inert(t, a)
				case strings.HasPrefix(a.header.Get("Content-Type"), "text/csv"):
					inertCells(t, a)
				case strings.Contains(a.header.Get("Content-Type"), "json"):
					if strings.ContainsAny(a.body, "<>") {
						t.Errorf("%s has markup: %.200s", a.path, a.body)
					}
				}
				if a.page() && strings.Contains(html.UnescapeString(a.body), corpus[name]) {
					shown++
				}
			}
			s.crawl(see)
			for _, path := range queries(corpus[name]) {
				a := s.get(path)
				if a.status >= http.StatusInternalServerError {
					t.Errorf("%s: got %d", path, a.status)
				}
				see(a)
			}
			if shown < 20 {
				t.Errorf("only %d pages show it", shown)
			}
		})
	}
}

// inertCells makes sure that a spreadsheet computes nothing of a table.
func inertCells(t *testing.T, a answer) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil {
		t.Errorf("%s: %v", a.path, err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("%s has a cell %.60q", a.path, cell)
			}
		}
	}
}

// A browser that opens the pages runs nothing of what is stored, and goes nowhere.
func TestXSS_BrowserRunsNothing(t *testing.T) {
	text := `</title>"'><svg onload=pwned=1><img src=x onerror=pwned=1 onfocus=pwned=1><script>pwned=1</script>`
	s := poisoned(t, text)
	b := browse(t, s)
	paths := append(slices.Collect(maps.Values(s.screens())), queries(text)...)
	for _, id := range []string{url.PathEscape(text), url.PathEscape("garbled" + text)} {
		for _, screen := range []string{"", "/state", "/diff"} {
			paths = append(paths, "/admin/streams/debt/"+id+screen)
		}
	}
	for _, path := range paths {
		b.do(chromedp.Navigate(b.URL+path), chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("summary").forEach((el) => el.click())`))
		if eval[bool](b, "typeof pwned !== 'undefined' || location.origin !== '"+b.URL+"'") {
			t.Errorf("%s runs what is stored", path)
		}
		b.mu.Lock()
		for _, c := range b.complaints {
			if !strings.Contains(c, "Failed to load resource") {
				t.Errorf("%s %s", path, c)
			}
		}
		b.complaints = nil
		b.mu.Unlock()
	}

	b.live("/admin/tail")
	ctx := ireneo.WithMeta(context.Background(), map[string]string{ireneo.ActorKey: text})
	for i := range 2 {
		e := &customer.Registered{Name: text, On: civil.Date{Year: 2026, Month: 11, Day: 1}}
		s.must(streams.Customer.In(s.log).For(fmt.Sprint(text, i)).Append(ctx, e))
	}
	b.becomes("document.querySelector('main').innerText.includes('onfocus=pwned')")
	if eval[bool](b, "typeof pwned !== 'undefined'") {
		t.Error("the tail runs what is appended")
	}
}
