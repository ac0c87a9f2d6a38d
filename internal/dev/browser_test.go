package dev

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// A browser that nobody touches shows every change, under the policy of applications,
// which forbids scripts within pages.
func TestProxy_ReloadsTheBrowser(t *testing.T) {
	p := newProxy()
	url := front(t, p)
	version := func(words string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self' 'nonce-x'; connect-src 'self'")
			_, _ = io.WriteString(w, "<!doctype html><html><body><p>"+words+"</p></body></html>")
		}))
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "http://")
	}
	tab := openTab(t)

	p.use(version("first words"))
	if err := chromedp.Do(tab, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	shows(t, tab, "first words")
	p.use(version("second words"))
	shows(t, tab, "second words")
	p.fail(errors.New("x.go:1: undefined"))
	shows(t, tab, "x.go:1: undefined")
	p.use(version("third words"))
	shows(t, tab, "third words")
}

// openTab opens headless Chromium. Without one the test is skipped, or fails where
// IRENEO_REQUIRE_CHROMIUM=1.
func openTab(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("IRENEO_REQUIRE_CHROMIUM") == "1" {
			t.Fatal(err)
		}
		t.Skip("needs Chromium: there is none on PATH")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], //nolint:gocritic // a copy of an array
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	within, cancel := context.WithTimeout(allocator, time.Minute)
	t.Cleanup(cancel)
	tab, closeTab := chromedp.NewContext(within)
	t.Cleanup(closeTab)
	t.Cleanup(func() {
		if err := chromedp.Cancel(tab); err != nil {
			t.Errorf("close the browser: %v", err)
		}
	})
	return tab
}

// shows waits until the page has these words.
func shows(t *testing.T, tab context.Context, words string) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		text, err := chromedp.Run(tab, chromedp.Text("body"))
		if err == nil && strings.Contains(text, words) {
			return
		}
		if tab.Err() != nil {
			t.Fatalf("%q is missing in %q, %v", words, text, err)
		}
		<-again.C
	}
}
