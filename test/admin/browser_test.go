package admin

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ireneo-dev/ireneo/server"
)

// browser is headless Chromium with one tab. What its console complains of is an error of
// the test.
type browser struct {
	*site
	tab context.Context

	mu         sync.Mutex // guards complaints
	complaints []string
}

// chromium finds the browser. Without one the test is skipped, or fails where
// IRENEO_REQUIRE_CHROMIUM=1.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("IRENEO_REQUIRE_CHROMIUM") == "1" {
		t.Fatal("IRENEO_REQUIRE_CHROMIUM=1, but there is no chromium on PATH")
	}
	t.Skip("needs Chromium: there is none on PATH")
	return ""
}

func browse(t *testing.T, s *site) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], //nolint:gocritic // a copy of an array
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	tab, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	t.Cleanup(func() {
		if err := chromedp.Cancel(tab); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	b := &browser{site: s, tab: tab}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1200, 900)); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	if err := chromedp.Listen(tab, b.hear); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear remembers what a page must not do: throw, be refused something by its own policy,
// ask for what is not there, or open a dialog.
func (b *browser) hear(event any) {
	var complaint string
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		complaint = "throws " + e.ExceptionDetails.Text
	case *log.EventEntryAdded:
		complaint = fmt.Sprintf("logs %s %s: %s %s", e.Entry.Level, e.Entry.Source, e.Entry.Text, e.Entry.URL)
	case *runtime.EventConsoleAPICalled:
		complaint = fmt.Sprintf("writes to the console: %v", e.Type)
	case *page.EventJavascriptDialogOpening:
		complaint = "opens a dialog: " + e.Message
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaints = append(b.complaints, complaint)
}

// quiet makes sure that the page has complained of nothing, and forgets what it has.
func (b *browser) quiet(name string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaints {
		b.t.Errorf("%s %s", name, c)
	}
	b.complaints = nil
}

// open goes to a page, which must answer with a status and hold words.
func (b *browser) open(path string, words ...string) {
	b.t.Helper()
	b.load(200, words, chromedp.Navigate(b.URL+path))
}

// load runs steps that lead to another page, and checks its status and its words.
func (b *browser) load(status int64, words []string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatal(err)
	}
	text := b.text()
	if resp.Status != status {
		b.t.Fatalf("%s: got status %d, want %d\n%s", resp.URL, resp.Status, status, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.t.Errorf("%s: %q is missing in\n%s", resp.URL, w, text)
		}
	}
}

// do runs steps within a time.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// text is what the page says.
func (b *browser) text() string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.Text("body"))
	if err != nil {
		b.t.Fatal(err)
	}
	return text
}

// eval is the value of an expression on the page.
func eval[T any](b *browser, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return got
}

// becomes waits until an expression holds.
func (b *browser) becomes(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.tab, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](expression)); err != nil {
		b.t.Fatalf("%s does not come: %v\n%s", expression, err, b.text())
	}
}

// call runs a command of the protocol.
func call[P any](b *browser, command cdp.Command[P, cdp.Empty], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.tab, command, params); err != nil {
		b.t.Fatal(err)
	}
}

// look makes the browser one for light or dark eyes, of a width.
func (b *browser) look(scheme string, width int64) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	b.do(chromedp.EmulateViewport(width, 800))
}

// looks are how different people see a page. Nobody takes a picture of the narrowest.
var looks = []struct {
	name, scheme string
	width        int64
}{{"light", "light", 1200}, {"dark", "dark", 1200}, {"phone", "light", 375}, {"", "dark", 320}}

// picture saves the page as it looks to different people, all of whom can use it.
func (b *browser) picture(name, auditScript string) {
	b.t.Helper()
	for _, look := range looks {
		b.look(look.scheme, look.width)
		if got := eval[int64](b, "document.documentElement.scrollWidth"); got > look.width {
			b.t.Errorf("%s: the page is %d pixels wide on a screen of %d: %s", name, got, look.width, b.widest(look.width))
		}
		if hidden := eval[[]string](b, cut); look.width > 1000 && len(hidden) > 0 {
			b.t.Errorf("%s: columns are out of sight: %s", name, hidden)
		}
		if problems := eval[[]string](b, auditScript); len(problems) > 0 {
			b.t.Errorf("%s-%s is not accessible:\n%s", name, look.name, strings.Join(problems, "\n"))
		}
		if look.name == "" {
			continue
		}
		png, err := chromedp.Run(b.tab, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		b.must(os.WriteFile(filepath.Join(pictures, name+"-"+look.name+".png"), png, 0o600))
	}
}

// cut are the tables that are wider than what shows them.
const cut = `[...document.querySelectorAll(".scroll")].filter((el) => el.scrollWidth > el.clientWidth).map((el) => el.ariaLabel)`

// pictures is where they are kept, beside those of Ledger's own pages.
var pictures = filepath.Join("..", "artifacts", "admin")

// widest is the innermost element that sticks out.
func (b *browser) widest(width int64) string {
	b.t.Helper()
	return eval[string](b, fmt.Sprintf(`[...document.querySelectorAll("main *, header *, nav *, footer *")]
		.filter((el) => el.getBoundingClientRect().right > %d && !el.closest(".scroll, pre")).map((el) => el.outerHTML.slice(0, 150)).at(-1) ?? "nobody"`, width))
}

// audit is the script that finds what a page keeps from people who do not see it as others do.
func audit(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "testdata", "audit.js"))
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// Every screen is there for everybody: in the dark, on a telephone, without eyes; and its
// console stays empty.
func TestBrowser_Screens(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	s.trouble()
	t.Cleanup(s.rebuilding("customers"))
	script := audit(t)
	s.must(os.MkdirAll(pictures, 0o750))
	all := s.screens()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		want := map[string]int64{"not-found": 404, "events-wrong": 400}[name]
		b.load(max(want, 200), nil, chromedp.Navigate(b.URL+all[name]))
		b.picture(name, script)
		if want == 0 { // browsers log the status of a page that is an error
			b.quiet(name)
		}
		b.complaints = nil
	}
}
