package admin

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/chromedp/chromedp"
)

// browser is headless Chromium with one tab, on a page of a bell.
type browser struct {
	*bell
	tab context.Context
	url string
}

// browse opens headless Chromium. Without one the test is skipped, or fails where
// IRENEO_REQUIRE_CHROMIUM=1.
func browse(t *testing.T, b *bell) *browser {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("IRENEO_REQUIRE_CHROMIUM") == "1" {
			t.Fatal(err)
		}
		t.Skip("needs Chromium: there is none on PATH")
	}
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	options := append(chromedp.DefaultExecAllocatorOptions[:], //nolint:gocritic // a copy of an array
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	t.Cleanup(func() { _ = chromedp.Cancel(tab) })
	tab, cancel := context.WithTimeout(tab, time.Minute)
	t.Cleanup(cancel)
	return &browser{b, tab, server.URL}
}

func (b *browser) open(path string) {
	b.t.Helper()
	if err := chromedp.Do(b.tab, chromedp.Navigate(b.url+path)); err != nil {
		b.t.Fatal(err)
	}
}

// press types on no field in particular.
func (b *browser) press(keys string) {
	b.t.Helper()
	if err := chromedp.Do(b.tab, chromedp.KeyEvent(keys)); err != nil {
		b.t.Fatal(err)
	}
}

// is waits until an expression of the page is true.
func (b *browser) is(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, 10*time.Second)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[bool](expression))
	for ctx.Err() == nil && err != nil && strings.Contains(err.Error(), "Cannot find context") { // the page has just changed
		_, err = chromedp.Run(ctx, chromedp.Poll[bool](expression))
	}
	if err != nil {
		main, _ := chromedp.Run(b.tab, chromedp.OuterHTML("main"))
		b.t.Fatalf("%s: %v\n%s", expression, err, main)
	}
}

func TestBrowser_Keys(t *testing.T) {
	site := withBell(newSite(t, Config{}))
	site.mount([]route{site.admin.get("/rows", site.list3)})
	b := browse(t, site)
	b.open("/admin/rows")
	focused := func(text string) string { return fmt.Sprintf("document.activeElement.textContent === %q", text) }

	b.press("j")
	b.is(focused("row 1"))
	b.press("j")
	b.is(focused("row 2"))
	b.press("j")
	b.press("j")
	b.is(focused("row 3"))
	b.press("k")
	b.is(focused("row 2"))
	b.press("/")
	b.is("document.activeElement.id === 'find'")
	b.press("jk?")
	b.is("document.activeElement.value.endsWith('jk?')")
	b.press("\x1b")
	b.press("?")
	b.is("document.getElementById('help').open")
	b.press("\x1b")
	b.is("!document.getElementById('help').open")
	b.press("j")
	b.press("\r")
	b.is("location.hash === '#1'")
	if _, err := chromedp.RunResponse(b.tab, chromedp.KeyEvent("]")); err != nil {
		t.Fatal(err)
	}
	b.is("location.search === '?before=9.1'")
	b.is(`/here/.test(document.querySelector("time.when + .here").textContent)`)
}

// list3 is a list of three rows.
func (b *bell) list3(v *visit) (*page, error) {
	var rows strings.Builder
	for i := range 3 {
		fmt.Fprintf(&rows, `<tr><td><a href="#%d">row %d</a></td></tr>`, i+1, i+1)
	}
	body := templ.Join(v.when(v.now), templ.Raw(`<table class="rows"><tbody>`+rows.String()+`</tbody></table>`),
		pages(pager{Older: v.with("before", "9.1")}))
	return &page{Title: "List", Nav: "/events", Body: body}, nil
}

func TestBrowser_LiveParts(t *testing.T) {
	site := withBell(newSite(t, Config{}))
	sent := make(chan string)
	site.mount([]route{
		site.admin.get("/parts", func(*visit) (*page, error) {
			return &page{Title: "Parts", Body: templ.Raw(`<div data-live="/admin/parts/stream"><p data-live-state></p><button data-live-pause hidden>Pause</button>` +
				`<table><tbody id="rows" data-piece="row" data-keep="3"></tbody></table><p id="count" data-piece="count">0</p></div>`)}, nil
		}),
		site.long("/parts/stream", site.streaming, func(v *visit, w *longAnswer) error {
			if err := w.pieces(); err != nil {
				return err
			}
			for text := range sent {
				row := templ.Raw("<tr><td>" + text + "</td></tr>")
				if err := w.piece(v.Context(), "row", "", row); err != nil {
					return err
				}
				if err := w.piece(v.Context(), "count", "", templ.Raw(text)); err != nil {
					return err
				}
			}
			return w.end()
		}),
	})
	b := browse(t, site)
	b.open("/admin/parts")
	b.is("document.querySelector('[data-live-state]').textContent === 'Live'")
	for i := range 5 {
		sent <- fmt.Sprint(i + 1)
	}
	b.is("document.getElementById('rows').innerText.replace(/\\s+/g, ' ') === '5 4 3'")
	b.is("document.getElementById('count').textContent === '5'")

	pause := chromedp.Click("[data-live-pause]")
	if err := chromedp.Do(b.tab, pause); err != nil {
		t.Fatal(err)
	}
	b.is("document.querySelector('[data-live-state]').textContent === 'Paused'")
	sent <- "6"
	sent <- "7"
	close(sent)
	b.is("document.querySelector('[data-live-state]').textContent === 'Paused · Done'")
	b.is("document.getElementById('count').textContent === '5'")
	if err := chromedp.Do(b.tab, pause); err != nil {
		t.Fatal(err)
	}
	b.is("document.getElementById('rows').innerText.replace(/\\s+/g, ' ') === '7 6 5'")
	b.is("document.querySelector('[data-live-state]').textContent === 'Done'")
}

func TestBrowser_NothingSticksOut(t *testing.T) {
	site := withBell(newSite(t, Config{}))
	site.do("POST", "/admin/bells/big%20one/ring", ringing)
	b := browse(t, site)
	if err := chromedp.Do(b.tab, chromedp.EmulateViewport(320, 640)); err != nil {
		t.Fatal(err)
	}
	for _, path := range append(addresses(site.site), "/admin/bells/"+strings.Repeat("x", 200)) {
		if slices.Contains(fileEndings, filepath.Ext(path)) || strings.Contains(path, "/assets/") || strings.HasSuffix(path, "/stream") {
			continue // no page
		}
		b.open(path)
		b.is("document.documentElement.scrollWidth <= 320")
	}
}
