package admin

import (
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
)

// in selects an element of the page's content by its text.
func in(selector, text string) string {
	return "[...document.querySelectorAll(`main " + selector + "`)].find((el) => el.textContent.includes(`" + text + "`))"
}

// act opens the form of an action, and fills it in and sends it.
func (b *browser) act(label, target, reason string, words ...string) {
	b.t.Helper()
	form := "details.action:has(form[action$='/" + label + "'])"
	if !eval[bool](b, "document.querySelector(\""+form+"\").open") {
		b.do(chromedp.Click(form + " summary"))
	}
	b.do(chromedp.SetValue(form+" input[name=confirm]", target))
	if reason != "" {
		b.do(chromedp.SetValue(form+" input[name=reason]", reason))
	}
	b.load(200, words, chromedp.Click(form+" button[type=submit]"))
}

// A failing projection is visible from the overview in one click, with the event and the
// error that stopped it and the command that resumes it.
func TestBrowser_FailingProjectionInOneClick(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	s.trouble()
	b.open("/admin", "deposit_counts")
	b.load(200, []string{
		"stopped", "the count of deposits is out of paper", "account.deposited", "ireneo projections resume deposit_counts",
	}, chromedp.Click(`main a[href="/admin/projections/deposit_counts"]`))
	if !eval[bool](b, in(`a[href^="/admin/events/"]`, "account.deposited")+" !== undefined") {
		t.Error("no link leads to the event that stopped it")
	}

	s.broken.Store(false) // somebody has mended the program
	b.act("resume", "deposit_counts", "", "Resumed.")
	s.until("deposit_counts", func(d ireneo.Delivery) bool { return d.State == "running" && d.Position == d.Head })
	b.open("/admin/projections/deposit_counts", "up to date")
	b.open("/admin/projections/deposit_counts/rows", "note opening float")
	b.open("/admin/audit", "resume", "deposit_counts", "developer")
	b.quiet("resuming")
}
