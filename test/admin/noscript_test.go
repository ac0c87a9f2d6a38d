package admin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
)

// withoutScript is a browser that runs no scripts but those of the test.
func withoutScript(t *testing.T, s *site) *browser {
	t.Helper()
	b := browse(t, s)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return b
}

// Every screen shows without scripts what it shows with them, but for what only scripts do.
func TestBrowser_ScreensWithoutScript(t *testing.T) {
	s := serve(t, server.Options{})
	b := withoutScript(t, s)
	s.trouble()
	t.Cleanup(s.rebuilding("customers"))
	all := s.screens()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.do(chromedp.Navigate(b.URL + all[name]))
		if text := eval[string](b, "document.querySelector('main').innerText"); len(strings.Fields(text)) < 6 {
			t.Errorf("%s shows only %q", name, text)
		}
		if dead := eval[[]string](b, `[...document.querySelectorAll("main button:not([type=submit])")]
			.filter((el) => el.checkVisibility() && el.type !== "submit").map((el) => el.outerHTML)`); len(dead) > 0 {
			t.Errorf("%s has buttons that do nothing: %s", name, dead)
		}
	}
}

func TestBrowser_LooksIntoTheLogWithoutScript(t *testing.T) {
	s := serve(t, server.Options{})
	b := withoutScript(t, s)
	s.cause()
	for i := range 30 {
		s.insert("loan", fmt.Sprint(i), "loan.opened", `{}`)
	}
	b.open("/admin/events")
	b.load(200, []string{"1 event", "found in the drawer"}, chromedp.SetValue("#events-q", "drawer"),
		chromedp.SetValue("#events-stream", "debt/2026/*"), chromedp.Click("form.search button"))
	b.load(200, []string{"found in the drawer", "recorded"}, chromedp.Click("main .rows a.open"))

	b.open("/admin/events")
	first := b.text()
	b.load(200, nil, chromedp.Click("main .pages a[rel=next]"))
	if b.text() == first {
		t.Error("the older events are the same")
	}
	b.load(200, nil, chromedp.Click("main .pages a[rel=prev]"))
	if !strings.Contains(b.text(), "found in the drawer") {
		t.Error("the way back leads elsewhere")
	}

	b.open("/admin/streams/debt/2026%2Fblue/state")
	b.load(200, []string{"Outstanding", "480000"}, chromedp.SetValue("#version", "2"), chromedp.Click("form.travel button"))
	b.load(200, nil, chromedp.Click("main a[rel=prev]"))
	b.load(200, []string{"Outstanding"}, chromedp.Navigate(b.URL+"/admin/streams/debt/2026%2Fblue/diff?from=1&to=3"))
	b.open("/admin/events")
	for _, ending := range []string{"ndjson", "csv"} {
		if got := s.get(eval[string](b, "document.querySelector('main a[download][href*=\""+ending+"\"]').getAttribute('href')")); strings.Count(got.body, "\n") < 100 {
			t.Errorf("%s has only %d lines", ending, strings.Count(got.body, "\n"))
		}
	}
}

func TestBrowser_OperatesWithoutScript(t *testing.T) {
	s := serve(t, server.Options{})
	b := withoutScript(t, s)
	s.trouble()

	b.open("/admin/projections/account_balances", "Rebuild")
	b.act("rebuild", "account_balances", "", "Rebuild of account_balances")
	for !strings.Contains(b.text(), "done") {
		b.load(200, nil, chromedp.Reload())
	}
	release := s.rebuilding("customers")
	b.open("/admin/rebuilds/customers")
	release()
	b.load(200, []string{"done"}) // by itself

	b.open("/admin/subscriptions/receipts", "Skip the append")
	b.act("skip", "receipts", "paid in person", "Skipped.")
	s.until("receipts", func(d ireneo.Delivery) bool { return d.State != "stopped" || d.FailedAt == 0 })
	b.open("/admin/subscriptions/receipts", "paid in person")

	b.open("/admin/subscriptions/reports", "Pause")
	b.act("pause", "reports", "the printer is hot", "Paused.", "the printer is hot")
	b.act("resume", "reports", "", "Resumed.")
	b.open("/admin/audit", "the printer is hot", "paid in person", "rebuild", "resume")
}
