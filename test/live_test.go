package test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/chromedp/chromedp"

	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/debt"
	"github.com/ireneo-dev/ireneo/form/money"
)

// S19: whoever issues a debt finds it in the totals of the customer, which are kept up
// after the commit, on the very next page.
func TestS19_TotalsShowWhatWasIssued(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, "maria", "Maria Vidal")
		for i := int64(1); i <= 20; i++ {
			body := form("_version", "0", "customer_id", "maria", "amount", "100.00", "interest_rate", "0", "on", "2026-01-31")
			issued, err := send(t.Context(), http.MethodPost, app.URL+"/debts", body, nil)
			if err != nil || issued.status != http.StatusSeeOther {
				t.Fatalf("issue: got %d, %v", issued.status, err)
			}
			for _, path := range []string{"/customers", "/customers/maria"} {
				page, err := send(t.Context(), http.MethodGet, app.URL+path, "", cookies(issued))
				if err != nil || !strings.Contains(page.body, ">"+money.Format(i*10_000)) && !strings.Contains(page.body, " "+money.Format(i*10_000)+" lent") {
					t.Fatalf("after %d debts %s lacks their sum, %v:\n%s", i, path, err, page.body)
				}
			}
		}
	})
}

// Pages learn that something happened, and not what.
func TestX03_LedgerTellsNoPayload(t *testing.T) {
	onEach(t, func(t *testing.T, app *ledger) {
		register(t, app.log, "maria", "Maria Vidal")
		got := get(t, app, "/follow?limit=1")
		if got.status != http.StatusOK || strings.Contains(got.body, "Vidal") || !strings.Contains(got.body, "customer.registered") {
			t.Errorf("got %d %s", got.status, got.body)
		}
		for path, want := range map[string]bool{"/customers": true, "/customers/maria": true, "/customers/new": false} {
			if page := get(t, app, path); strings.Contains(page.body, "data-live") != want {
				t.Errorf("%s is live: %t, want %t", path, !want, want)
			}
		}
	})
}

// live is a page in a tab that nobody reloads.
type live struct{ *browser }

// openLive opens a page and marks it, so that a reload would be noticed.
func (b *browser) openLive(words []string, path string) live {
	b.t.Helper()
	b.load(200, words, chromedp.Navigate(b.url+path))
	b.evaluate(`window.unmoved = true`)
	return live{b}
}

func (b *browser) evaluate(expression string) bool {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// waitFor waits until an expression holds, on the page as it was opened.
func (l live) waitFor(expression string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		text, _ := chromedp.Run(l.ctx, chromedp.Text("body"))
		l.t.Fatalf("%s does not come: %v\n%s", expression, err, text)
	}
	if !l.evaluate(`window.unmoved === true`) {
		l.t.Error("the page was loaded again")
	}
}

// shows waits for words in the page's content.
func (l live) shows(words string) {
	l.t.Helper()
	l.waitFor(fmt.Sprintf("document.querySelector('main').innerText.includes(%q)", words))
}

// tab opens another tab of the browser, until the test ends.
func (b *browser) tab() *browser {
	b.t.Helper()
	ctx, closeTab := chromedp.NewContext(b.ctx)
	b.t.Cleanup(closeTab)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1200, 900)); err != nil { // the tab lasts as long as this context
		b.t.Fatal(err)
	}
	return &browser{t: b.t, ctx: ctx, url: b.url}
}

// paid records a payment from elsewhere, such as another person's machine.
func paid(t *testing.T, app *ledger, cents int64) {
	t.Helper()
	ev := &debt.PaymentReceived{Principal: cents, On: civil.Date{Year: 2026, Month: 2, Day: 1}}
	if err := streams.Debt.In(app.log).For(debtID).Append(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

func owed(t *testing.T, app *ledger) {
	t.Helper()
	register(t, app.log, "maria", "Maria Vidal")
	ev := &debt.Issued{CustomerID: "maria", Amount: 100_000, On: civil.Date{Year: 2026, Month: 1, Day: 31}}
	if err := streams.Debt.In(app.log).For(debtID).Append(t.Context(), ev); err != nil {
		t.Fatal(err)
	}
}

// What is recorded in one tab appears in the others, without anybody reloading: on the
// page of the debt, in the lists, and in what is kept up after the commit.
func TestBrowser_LivePages(t *testing.T) {
	app := open(t, sqliteURL(t))
	owed(t, app)
	b := browse(t, app)
	pages := map[string]live{
		"":          b.openLive([]string{"1,000.00"}, "/debts/"+debtID),
		"list":      b.tab().openLive([]string{"1,000.00"}, "/debts"),
		"customer":  b.tab().openLive([]string{"1 debt issued, 1,000.00 lent"}, "/customers/maria"),
		"customers": b.tab().openLive([]string{"Maria Vidal"}, "/customers"),
	}
	other := b.tab()
	other.load(200, []string{"Record a payment"}, chromedp.Navigate(b.url+"/debts/"+debtID))
	other.load(200, []string{"The payment is recorded.", "899.99"},
		chromedp.SetValue("#payment-principal", "100.01"), chromedp.SetValue("#payment-on", "2026-03-31"),
		chromedp.Click(`form[action$="/payments"] button`))
	for _, page := range pages {
		page.shows("899.99")
	}

	issue(t, app, "another", "maria", 2)
	pages["customer"].shows("2 debts issued")
	pages["list"].shows("2 debts")
	register(t, app.log, "zoe", "Zoë Lima")
	pages["customers"].shows("Zoë Lima")
	if text, err := chromedp.Run(other.ctx, chromedp.Text("main")); err != nil || !strings.Contains(text, "The payment is recorded.") {
		t.Errorf("what was said to whoever recorded it is gone: %v\n%s", err, text)
	}
}

// Whoever types is not disturbed: the page says that it has changed, and shows the new
// state on demand, with what was typed still there.
func TestBrowser_LiveLeavesTypingAlone(t *testing.T) {
	app := open(t, sqliteURL(t))
	owed(t, app)
	b := browse(t, app)
	page := b.openLive([]string{"1,000.00"}, "/debts/"+debtID)
	b.do(chromedp.SendKeys("#payment-note", "by hand"))
	paid(t, app, 30_000)
	page.waitFor(`document.querySelector('#live[role=status]').innerText.includes('This page has changed')`)
	if !page.evaluate(`document.querySelector('.amount').innerText.includes('1,000.00') && document.activeElement.id === 'payment-note'`) {
		t.Error("the page has changed under somebody's hands")
	}
	b.picture("live-changed")

	b.do(chromedp.Click("#live button"))
	page.shows("700.00")
	if !page.evaluate(`document.querySelector('#payment-note').value === 'by hand' && !document.querySelector('#live').hasChildNodes()`) {
		t.Error("what was typed is gone, or the notice is not")
	}
	b.load(200, []string{"600.00", "by hand"}, chromedp.SetValue("#payment-principal", "100.00"), chromedp.Click(`form[action$="/payments"] button`))

	// Nothing typed: the field may have the focus, and when it is left the page goes on.
	page = b.openLive([]string{"600.00"}, "/debts/"+debtID)
	b.do(chromedp.Focus("#payment-note"))
	paid(t, app, 10_000)
	page.waitFor(`document.querySelector('#live').hasChildNodes()`)
	page.evaluate(`document.activeElement.blur() === undefined`)
	page.shows("500.00")

	// Focus and open details stay where nobody types.
	page.evaluate(`document.querySelector('aside details').open = true`)
	page.evaluate(`document.querySelector('main h1 a').focus() === undefined`)
	paid(t, app, 10_000)
	page.shows("400.00")
	if !page.evaluate(`document.querySelector('aside details').open && document.activeElement === document.querySelector('main h1 a')`) {
		t.Error("focus or open details are lost")
	}
	b.picture("live")
}
