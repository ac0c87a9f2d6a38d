package admin

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ireneo-dev/ireneo/server"
)

// press is one key pressed after the other, as a keyboard does it: what a script makes of a
// key types no letter.
func press(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		for _, r := range keys {
			for _, event := range kb.Encode(r) {
				switch {
				case event.Type == kb.KeyChar:
					continue
				case event.Type == kb.KeyDown && (unicode.IsPrint(r) || r == '\r'):
					event.Text = string(r)
				}
				if _, err := cdp.Call(ctx, tab, input.DispatchKeyEvent, *event); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// press presses keys one after the other.
func (b *browser) press(keys string) {
	b.t.Helper()
	b.do(press(keys))
}

func TestBrowser_Keys(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	s.cause()
	b.open("/admin/events", "Events")
	row := func(n string) string {
		return "document.querySelectorAll('main .rows tbody tr')[" + n + "].contains(document.activeElement)"
	}
	b.press("j")
	b.becomes(row("0"))
	b.press("j")
	b.becomes(row("1"))
	b.press("k")
	b.becomes(row("0"))
	b.press("?")
	b.becomes("document.getElementById('help').open")
	b.press("\x1b")
	b.becomes("!document.getElementById('help').open")
	b.press("/")
	b.becomes("document.activeElement.id === 'find'")
	b.load(200, []string{"1 event", "found in the drawer"}, press("drawer\r"))
	b.press("j")
	b.load(200, []string{"Payment", "found in the drawer"}, press("\r"))
	b.load(200, []string{"by standing order"}, press("["))
	b.load(200, []string{"found in the drawer"}, press("]"))

	b.open("/admin/streams/debt/2026%2Fblue/state", "State")
	b.load(200, nil, press("["))
	b.becomes("document.getElementById('version').value === '2'")
	b.load(200, nil, press("]"))
	b.becomes("document.getElementById('version').value === '3'")
	b.quiet("the keyboard")
}

// reached is a script that notes on every element that the focus is seen to come to it.
const reached = `document.addEventListener("focusin", ({ target }) => {
	const style = getComputedStyle(target)
	const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
	target.dataset.reached = outlined || style.boxShadow !== "none" ? "seen" : "unseen"
})`

// missed is what could be used, but the focus has not been seen to come to.
const missed = `[...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, [tabindex='0']")]
	.filter((el) => el.checkVisibility() && el.getClientRects().length > 0 && el.dataset.reached !== "seen")
	.map((el) => (el.dataset.reached ?? "missed") + ": " + el.outerHTML.slice(0, 120))`

// Whoever has no mouse comes to everything with the tabulator, and sees where they are.
func TestBrowser_TabReachesEverything(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	s.trouble()
	all := s.screens()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name == "events" || strings.Contains(name, "-") && name != "projection-stopped" {
			continue // a hundred of the same rows; the same as another, but for its words
		}
		b.do(chromedp.Navigate(b.URL + all[name]))
		b.do(chromedp.Evaluate[chromedp.Void](reached))
		controls := eval[int](b, `document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']").length
			+ 8 * document.querySelectorAll("[type=datetime-local]").length`)
		for range controls + 1 {
			b.press("\t")
		}
		for _, el := range eval[[]string](b, missed) {
			t.Errorf("%s: %s", name, el)
		}
	}
}

func TestBrowser_SkipLink(t *testing.T) {
	b := browse(t, serve(t, server.Options{}))
	b.open("/admin/events")
	b.press("\t")
	b.becomes("document.activeElement.matches('.skip') && document.activeElement.getBoundingClientRect().top >= 0")
	b.press("\r")
	b.becomes("document.activeElement.id === 'main'")
	b.press("\t")
	b.becomes("document.activeElement.closest('main') !== null")
}
