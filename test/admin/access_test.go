package admin

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/server"
)

// methods are all that might change something, or tell that there is something.
var methods = []string{
	http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions,
}

// addresses are where the links and the forms of an open site lead, one of each kind.
func addresses(t *testing.T) []string {
	t.Helper()
	s := serve(t, server.Options{})
	s.trouble()
	t.Cleanup(s.rebuilding("customers"))
	found := map[string]string{}
	s.crawl(func(a answer) {
		found[kind(a.path)] = a.path
		for _, f := range a.forms() {
			found[f.action] = f.action
		}
	})
	return slices.Sorted(maps.Values(found))
}

// In production, where nobody says who may see the pages, there are none, and one line of
// the log names the setting that is missing.
func TestAccess_ClosedUntilSomebodyOpensThem(t *testing.T) {
	all := addresses(t)
	var lines lockedBuffer
	s := serve(t, server.Options{
		Production: true, Secret: strings.Repeat("s", server.MinSecretBytes), Hosts: []string{"127.0.0.1"},
		Logger: slog.New(slog.NewTextHandler(&lines, nil)),
	})
	c := client(t)
	for _, method := range methods {
		want := s.send(c, method, "/nothing", nil).status
		for _, to := range all {
			got := s.send(c, method, to, nil)
			if got.status != want || method == http.MethodGet && want != http.StatusNotFound {
				t.Errorf("%s %s: got %d, and %d where nothing is", method, to, got.status, want)
			}
			if strings.Contains(got.body, "admin") {
				t.Errorf("%s %s tells that there are pages:\n%s", method, to, got.body)
			}
		}
	}
	if got := strings.Count(lines.String(), "admin.Config.Authorize"); got != 1 {
		t.Errorf("%d lines of the log name the setting that is missing:\n%s", got, lines.String())
	}
}

// lockedBuffer is written to by many requests.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// headers are on every answer.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":     "nosniff",
	"Referrer-Policy":            "same-origin",
	"Cross-Origin-Opener-Policy": "same-origin",
}

// Every answer keeps browsers from running what is not ours: pages, twins, assets, exports,
// streams, what is not there and what is refused.
func TestAccess_HeadersAreOnEveryAnswer(t *testing.T) {
	s := serve(t, server.Options{})
	s.trouble()
	t.Cleanup(s.rebuilding("customers"))
	kinds := map[string]int{}
	check := func(a answer) {
		for name, want := range headers {
			if got := a.header.Values(name); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %s is %q", a.path, name, got)
			}
		}
		typ, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
		if cache := a.header.Get("Cache-Control"); !strings.Contains(a.path, "/assets/") && !strings.Contains(cache, "no-store") {
			t.Errorf("%s may be kept: %q", a.path, cache)
		}
		kinds[typ]++
	}
	s.crawl(check)
	check(s.get("/admin/nothing"))
	check(s.get("/admin/assets/nothing.js"))
	check(s.get("/admin/events?q=amount:"))
	c := client(t)
	for _, f := range s.send(c, http.MethodGet, "/admin/projections/deposit_counts", nil).forms() {
		refused := s.send(c, http.MethodPost, f.action, f.fields)
		if refused.status != http.StatusUnprocessableEntity {
			t.Errorf("%s without a confirmation: got %d", f.action, refused.status)
		}
		check(refused)
	}
	for _, typ := range []string{"text/html", "application/json", "text/css", "text/javascript", "image/svg+xml", "text/csv", "application/x-ndjson", "text/event-stream"} {
		if kinds[typ] == 0 {
			t.Errorf("the crawl met no %s: %v", typ, kinds)
		}
	}
}

// acts are the last words of the addresses that forms may be posted to.
var acts = []string{"pause", "resume", "retry", "skip", "rebuild", "cancel", "undo"}

// asks is the last word of those that a form is posted to which changes nothing.
const asks = "what-if"

// Nothing offers to change or delete events, and whoever tries without being offered it
// changes nothing.
func TestAccess_TheLogCannotBeChanged(t *testing.T) {
	s := serve(t, server.Options{})
	s.trouble()
	before := s.dump()
	c := client(t)
	token := url.Values{}
	tried := map[string]bool{}
	s.crawl(func(a answer) {
		for _, f := range a.forms() {
			if !slices.Contains(acts, path.Base(f.action)) && path.Base(f.action) != asks {
				t.Errorf("%s offers %s", f.on, f.action)
			}
		}
		if strings.Contains(a.path, "/events") || strings.Contains(a.path, "/streams") {
			tried[a.path] = true
		}
	})
	for _, f := range s.send(c, http.MethodGet, "/admin/projections/deposit_counts", nil).forms() {
		token = f.fields
	}
	if token.Get("_token") == "" {
		t.Fatal("the forms have no token")
	}
	for to := range tried {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
			got := s.send(c, method, to, token)
			if method == http.MethodPost && strings.Contains(to, "/"+asks) && got.status == http.StatusUnprocessableEntity {
				continue // without the fields of an event
			}
			if got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed && (got.status != http.StatusForbidden || method == http.MethodPost) {
				t.Errorf("%s %s: got %d", method, to, got.status)
			}
		}
	}
	if diff := cmp.Diff(before, s.dump()); diff != "" {
		t.Errorf("the log has changed:\n%s", diff)
	}
}

// dump is the log, byte for byte, without what operators did.
func (s *site) dump() string {
	s.t.Helper()
	var rows []map[string]any
	s.must(s.log.DB().Raw("SELECT *, hex(event_id) AS id FROM event_entries WHERE stream_type <> 'admin.action' ORDER BY entry").Scan(&rows).Error)
	text, err := json.Marshal(rows)
	s.must(err)
	return string(text)
}

// Who comes from elsewhere finds nothing, although the pages are open to this machine.
func TestAccess_DevelopmentIsForThisMachine(t *testing.T) {
	s := serve(t, server.Options{})
	for name, header := range map[string]http.Header{
		"through a proxy": {"X-Forwarded-For": {"192.0.2.1"}},
		"another name":    {"Host": {"ledger.example.com"}},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/admin/events", nil)
		s.must(err)
		r.Header, r.Host = header, header.Get("Host")
		resp, err := http.DefaultClient.Do(r)
		s.must(err)
		body, err := io.ReadAll(resp.Body)
		s.must(err)
		s.must(resp.Body.Close())
		if resp.StatusCode != http.StatusNotFound || strings.Contains(string(body), "Events") {
			t.Errorf("%s: got %d", name, resp.StatusCode)
		}
	}
}
