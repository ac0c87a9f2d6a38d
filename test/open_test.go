// Package test drives Ledger from outside: over HTTP, in a browser, and as a process
// that is killed.
package test

import (
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/config"
	"github.com/ireneo-dev/ireneo/internal/pgtest"
	"github.com/ireneo-dev/ireneo/server"
)

// ledger is the application as its users meet it, on a database of the test's own.
type ledger struct {
	*httptest.Server
	log *ireneo.Log
}

// onEach runs a test on both databases.
func onEach(t *testing.T, run func(t *testing.T, app *ledger)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { run(t, open(t, sqliteURL(t))) })
	t.Run("postgres", func(t *testing.T) { run(t, open(t, pgtest.URL(t))) })
}

func sqliteURL(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "ledger.sqlite3")
}

// open serves a migrated Ledger on the database at url until the test ends, and runs its
// projections.
func open(t *testing.T, url string) *ledger {
	t.Helper()
	st, log, err := config.OpenLog(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := st.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	if err := log.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() { defer close(stopped); log.Run(ctx) }()
	t.Cleanup(func() { stop(); <-stopped })
	srv, err := config.NewServer(log, server.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
	if err != nil {
		t.Fatal(err)
	}
	app := &ledger{Server: httptest.NewServer(srv.Handler()), log: log}
	t.Cleanup(app.Close)
	visitors.Delete(app.URL) // somebody else may have had the port
	return app
}

// register makes somebody a customer.
func register(t *testing.T, log *ireneo.Log, id, name string) {
	t.Helper()
	ev := &customer.Registered{Name: name, On: civil.Date{Year: 2026, Month: 1, Day: 1}}
	if err := streams.Customer.In(log).For(id).Append(t.Context(), ev); err != nil {
		t.Fatalf("register %s: %v", name, err)
	}
}

// version is how many events a debt has.
func (l *ledger) version(t *testing.T, id string) int64 {
	t.Helper()
	version, err := streams.Debt.In(l.log).For(id).Version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return version
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// client follows no redirects, so that they can be looked at.
var client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send makes a request, with the body of a form unless the header says otherwise.
func send(ctx context.Context, method, url, body string, header map[string]string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	if err := authenticate(ctx, req); err != nil {
		return answer{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	page, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err == nil {
		err = closeErr
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: string(page)}, err
}

// noToken is a header that keeps send from adding the form token.
const noToken = "X-Form-Token"

var (
	inToken  = regexp.MustCompile(`name="_token" value="([^"]*)"`)
	visitors sync.Map // by the server's address: what a browser would have after its first look
)

// visitor is a browser's cookie and the token of the forms it was shown.
type visitor struct{ cookie, token string }

// authenticate adds to an unsafe request what a browser would send that has seen the form.
func authenticate(ctx context.Context, req *http.Request) error {
	if req.Method == http.MethodGet || req.Method == http.MethodHead || req.Header.Values(noToken) != nil {
		return nil
	}
	base := req.URL.Scheme + "://" + req.URL.Host
	v, ok := visitors.Load(base)
	if !ok {
		page, err := send(ctx, http.MethodGet, base+"/debts/new", "", nil)
		if err != nil {
			return err
		}
		token := inToken.FindStringSubmatch(page.body)
		if token == nil {
			return fmt.Errorf("the form at %s has no token:\n%s", base, page.body)
		}
		v, _ = visitors.LoadOrStore(base, visitor{cookies(page)["Cookie"], html.UnescapeString(token[1])})
	}
	req.Header.Set("Cookie", v.(visitor).cookie)
	req.Header.Set("X-Form-Token", v.(visitor).token)
	return nil
}

// cookies are what a browser sends back after an answer.
func cookies(got answer) map[string]string {
	var pairs []string
	for _, set := range got.header.Values("Set-Cookie") {
		pair, _, _ := strings.Cut(set, ";")
		pairs = append(pairs, pair)
	}
	return map[string]string{"Cookie": strings.Join(pairs, "; ")}
}

// tokenIn is the form token of a page.
func tokenIn(t *testing.T, page answer) string {
	t.Helper()
	token := inToken.FindStringSubmatch(page.body)
	if token == nil {
		t.Fatalf("the page has no token:\n%s", page.body)
	}
	return html.UnescapeString(token[1])
}

// form encodes names and values, given in turn.
func form(fields ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return values.Encode()
}
