package test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ireneo-dev/ireneo/db/seed"
)

// browser is headless Chromium with one tab.
type browser struct {
	t   *testing.T
	ctx context.Context
	url string // of the application
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

func browse(t *testing.T, app *ledger) *browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], //nolint:gocritic // a copy of an array
		chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(allocator)
	t.Cleanup(closeTab)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	b := &browser{t: t, ctx: ctx, url: app.URL}
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1200, 900)); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return b
}

// do runs steps within a time.
func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// load runs steps that lead to another page, and checks its status and its words.
func (b *browser) load(status int64, words []string, steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	resp, err := chromedp.RunResponse(ctx, steps...)
	if err != nil {
		b.t.Fatal(err)
	}
	page, err := chromedp.Run(ctx, chromedp.Text("body"))
	if err != nil {
		b.t.Fatal(err)
	}
	if resp.Status != status {
		b.t.Fatalf("%s: got status %d, want %d\n%s", resp.URL, resp.Status, status, page)
	}
	for _, w := range words {
		if !strings.Contains(page, w) {
			b.t.Errorf("%s: %q is missing in\n%s", resp.URL, w, page)
		}
	}
}

// picture saves the page as it looks to different people.
func (b *browser) picture(name string) {
	b.t.Helper()
	if err := os.MkdirAll("artifacts", 0o750); err != nil {
		b.t.Fatal(err)
	}
	for _, look := range []struct {
		name, scheme string
		width        int64
	}{{"light", "light", 1200}, {"dark", "dark", 1200}, {"phone", "light", 375}, {"phone-dark", "dark", 375}} {
		scheme := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}}
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, scheme); err != nil {
			b.t.Fatal(err)
		}
		b.do(chromedp.EmulateViewport(look.width, 800))
		b.checkWidth(name, look.width)
		b.audit(name + "-" + look.name)
		png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("artifacts", name+"-"+look.name+".png"), png, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.EmulateViewport(1200, 900))
}

// checkWidth makes sure that nothing sticks out of the screen.
func (b *browser) checkWidth(name string, width int64) {
	b.t.Helper()
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[int64]("document.documentElement.scrollWidth"))
	if err != nil {
		b.t.Fatal(err)
	}
	if got > width {
		b.t.Errorf("%s: the page is %d pixels wide on a screen of %d", name, got, width)
	}
}

func TestBrowser_WholePath(t *testing.T) {
	app := open(t, sqliteURL(t))
	b := browse(t, app)
	today := time.Now().UTC().Format(time.DateOnly)
	submit := func(form string) chromedp.Action[chromedp.Void] {
		return chromedp.Click(`form[action$="` + form + `"] button`)
	}

	b.load(200, []string{"No debts yet"}, chromedp.Navigate(b.url+"/"))
	b.picture("empty")
	if _, err := seed.Run(t.Context(), app.log); err != nil {
		t.Fatal(err)
	}
	register(t, app.log, "maria", "Maria Vidal")
	b.load(200, []string{"Harbour Bakery", "Written off"}, chromedp.Navigate(b.url+"/debts"))
	b.picture("debts")

	b.load(200, []string{"Issue a debt"}, chromedp.Click(`a[href="/debts/new"]`))
	b.load(422, []string{"Customer is required", "Amount must be greater than 0"},
		chromedp.SetValue("#issue-amount", "0"), submit("/debts"))
	b.picture("issue-refused")
	b.load(200, []string{"Maria Vidal", "1,000.00"},
		chromedp.SetValue("#issue-customer_id", "maria"), chromedp.SetValue("#issue-amount", "1,000.00"),
		chromedp.SetValue("#issue-interest_rate", "4.25"), chromedp.SetValue("#issue-on", "2026-01-31"), submit("/debts"))

	b.load(200, []string{"50.00", "Payment", "The payment is recorded."},
		chromedp.SetValue("#payment-principal", "950.00"), chromedp.SetValue("#payment-on", "2026-02-28"),
		chromedp.SetValue("#payment-note", "by transfer"), submit("/payments"))
	b.load(422, []string{"Amount exceeds the outstanding balance of 50.00"},
		chromedp.SetValue("#payment-principal", "60.00"), submit("/payments"))
	b.checkField("#payment-principal", "60.00")
	b.picture("overpaid")

	b.conflict(submit)
	b.load(200, []string{"Nothing more to do", "Settled", "by transfer"},
		chromedp.SetValue("#settlement-on", today), submit("/settlement"))
	b.picture("settled")
	b.load(200, []string{"You are looking at the past", "4 of 5", "Payment changed"}, chromedp.Click(`a[rel="prev"]`))
	b.picture("past")
	b.load(200, []string{"Nothing more to do"}, chromedp.Click(`.past a`))
	b.load(200, []string{"You are looking at the past", "1 of 5", "Issued changed"},
		chromedp.SetValue("#travel-version", "1"), chromedp.Click(`.travel form button`))
	for _, list := range []string{"/customers", "/accounts"} {
		b.load(200, []string{"Harbour Bakery"}, chromedp.Navigate(b.url+list))
		b.picture(list[1:])
		b.load(200, []string{"History"}, chromedp.Click(`.rows tbody a`))
		b.picture(list[1 : len(list)-1])
	}
	b.load(404, []string{"nothing at this address"}, chromedp.Navigate(b.url+"/debts/nobody"))
	b.picture("not-found")
}

// Whatever people are called and owe, it fits on the screen.
func TestBrowser_GreatValuesFit(t *testing.T) {
	app := open(t, sqliteURL(t))
	b := browse(t, app)
	amount := "92,233,720,368,547,758.07"
	register(t, app.log, "great", strings.Repeat("W", 100))
	for _, body := range []string{
		form("_key", debtID, "_version", "0", "customer_id", "great", "amount", amount, "interest_rate", "12.12345678", "on", "2026-01-31"),
		form("_version", "0", "customer_id", "great", "amount", amount, "interest_rate", "0", "on", "2026-01-31"),
	} {
		if got, err := send(t.Context(), "POST", app.URL+"/debts", body, nil); err != nil || got.status != 303 {
			t.Fatalf("issue: got %d, %v", got.status, err)
		}
	}
	note := form("_version", "1", "principal", "1,000,000,000,000.01", "on", "2026-02-01", "note", strings.Repeat("W", 200))
	if got, err := send(t.Context(), "POST", app.URL+"/debts/"+debtID+"/payments", note, nil); err != nil || got.status != 303 {
		t.Fatalf("pay: got %d, %v", got.status, err)
	}
	b.load(200, []string{amount}, chromedp.Navigate(b.url+"/debts"))
	b.picture("great-debts")
	b.load(200, []string{"1,000,000,000,000.01"}, chromedp.Navigate(b.url+"/debts/"+debtID))
	b.picture("great-debt")
}

// checkField makes sure that a refused value is still there, and that its message is
// what the field is described by.
func (b *browser) checkField(field, want string) {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Value(field))
	if err != nil || value != want {
		b.t.Errorf("%s: got %q, %v, want %q", field, value, err, want)
	}
	message, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`document.getElementById(document.querySelector("`+field+`").getAttribute("aria-describedby").split(" ")[0]).textContent`))
	if err != nil || !strings.Contains(message, "exceeds") {
		b.t.Errorf("%s is described by %q, %v", field, message, err)
	}
}

// conflict records a payment in another tab while the form is open in this one, is
// refused, and records it all the same with one click.
func (b *browser) conflict(pay func(form string) chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	address, err := chromedp.Run(b.ctx, chromedp.Location())
	if err != nil {
		b.t.Fatal(err)
	}
	b.otherTab(strings.TrimSuffix(address, "/payments"), pay("/payments"))

	b.load(409, []string{"Somebody was faster", "Payment 31 Mar 2026", "Amount 10.00", "Note in cash", "What you typed would be accepted now"},
		chromedp.SetValue("#payment-principal", "40.00"), pay("/payments"))
	b.picture("conflict")
	b.load(200, []string{"Settle the debt", "The payment is recorded."}, chromedp.Click("#late button"))
}

// otherTab records a payment of 10.00 on the page of a debt, in a tab of its own.
func (b *browser) otherTab(address string, pay chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	tab, closeTab := chromedp.NewContext(b.ctx)
	defer closeTab()
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1200, 900)); err != nil { // the tab lasts as long as this context
		b.t.Fatal(err)
	}
	other := &browser{t: b.t, ctx: tab, url: b.url}
	other.load(200, []string{"Record a payment"}, chromedp.Navigate(address))
	other.load(200, []string{"The payment is recorded."},
		chromedp.SetValue("#payment-principal", "10.00"), chromedp.SetValue("#payment-on", "2026-03-31"),
		chromedp.SetValue("#payment-note", "in cash"), pay)
}
