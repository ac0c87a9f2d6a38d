package admin

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// addresses are one of each route, with its twin, and of what lies beside them.
func addresses(s *site) []string {
	all := []string{"/admin", "/admin/", "/admin/nothing", "/admin//audit", "/admin/assets/" + s.assets.names["admin.css"]}
	for _, r := range s.routes() {
		path := "/admin" + strings.TrimSuffix(wildcard.ReplaceAllString(r.path, "x"), "/")
		all = append(all, path, path+".json")
	}
	return all
}

// ending is a server that has stopped, so that streams of events end at once.
func ending() <-chan struct{} {
	stopping := make(chan struct{})
	close(stopping)
	return stopping
}

func TestAccess_NobodyLearnsThatThereArePages(t *testing.T) {
	foreign := func(r *http.Request) { r.RemoteAddr = "192.0.2.1:50000" }
	same := func(*http.Request) {}
	for name, tt := range map[string]struct {
		config Config
		change func(*http.Request)
	}{
		"closed":            {Config{}, same},
		"refused":           {Config{Authorize: refuse}, same},
		"no role":           {Config{Authorize: as(User{Name: "eve"})}, same},
		"unknown role":      {Config{Authorize: as(User{Name: "eve", Role: 7})}, same},
		"other machine":     {Config{Development: true}, foreign},
		"refused, and here": {Config{Development: true, Authorize: refuse}, same},
	} {
		s := openSite(t, tt.config)
		for _, address := range addresses(s) {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
				w := s.do(method, address, nil, tt.change)
				if w.Code != http.StatusNotFound || w.Body.String() != "404 page not found\n" || w.Header().Get("Location") != "" {
					t.Errorf("%s: %s %s is %d %q", name, method, address, w.Code, w.Body)
				}
			}
		}
	}
}

// Who cannot be recorded may not act, and is told of in the log once.
func TestAccess_NamesThatCannotBeRecorded(t *testing.T) {
	for _, name := range []string{"", "  ", "a\nb", "ada\u202eevil", "ad\u200ba", strings.Repeat("x", maxName+1), "\xff", "a\u2028b"} {
		s := newSite(t, Config{Authorize: as(User{Name: name, Role: Operate})})
		lines := s.listened()
		body := s.wants("/admin/audit", http.StatusOK, []string{"may read"})
		if got := strings.Count(lines.String(), "the name cannot be recorded"); got != 1 || len(lines.String()) > 1000 {
			t.Errorf("%q: logged %d times: %s\n%s", name, got, lines, body)
		}
		if w := s.do(http.MethodPost, "/admin/subscriptions/letters/pause", confirmed("letters", "why")); w.Code != http.StatusForbidden {
			t.Errorf("%q may act: %d", name, w.Code)
		}
	}
	for _, name := range []string{"Ada Lovelace", "müller@example.org", strings.Repeat("ß", maxName)} {
		s := newSite(t, Config{Authorize: as(User{Name: name, Role: Operate})})
		if w := s.do(http.MethodPost, "/admin/subscriptions/letters/pause", confirmed("letters", "why")); w.Code != http.StatusSeeOther {
			t.Errorf("%q may not act: %d", name, w.Code)
		}
	}
}

func TestAccess_AuthorizePanics(t *testing.T) {
	s := newSite(t, Config{Authorize: func(*http.Request) (User, error) { panic("no session store") }})
	lines := s.listened()
	if w := s.get("/admin"); w.Code != http.StatusNotFound || w.Body.String() != "404 page not found\n" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	if got := lines.String(); strings.Count(got, "level=") != 1 || !strings.Contains(got, "no session store") || !strings.Contains(got, "access_test.go") {
		t.Errorf("logged %s", got)
	}
}

// openSite makes the pages just as they are configured.
func openSite(t *testing.T, c Config) *site {
	t.Helper()
	c.Logger = slog.New(slog.DiscardHandler)
	log := ireneotest.SQLite(t, declared())
	h, err := Handler(log, c)
	if err != nil {
		t.Fatal(err)
	}
	return &site{h.(*admin), t, log}
}

func TestAccess_Development(t *testing.T) {
	s := openSite(t, Config{Development: true})
	for name, tt := range map[string]struct {
		remote, host string
		header       http.Header
		want         int
	}{
		"IPv4":                    {"127.0.0.1:1", "localhost:8080", nil, 200},
		"IPv6":                    {"[::1]:1", "[::1]:8080", nil, 200},
		"IPv4 in IPv6":            {"[::ffff:127.0.0.1]:1", "127.0.0.1", nil, 200},
		"name below localhost":    {"127.0.0.1:1", "Ledger.localhost.:8080", nil, 200},
		"forwarded here":          {"127.0.0.1:1", "localhost", http.Header{"X-Forwarded-For": {"::1, 127.0.0.1"}, "Forwarded": {`for="[::1]:9";proto=http`}}, 200},
		"other machine":           {"192.0.2.1:1", "localhost", nil, 404},
		"no address":              {"@", "localhost", nil, 404},
		"rebound name":            {"127.0.0.1:1", "evil.example:8080", nil, 404},
		"name like ours":          {"127.0.0.1:1", "localhost.evil.example", nil, 404},
		"no host":                 {"127.0.0.1:1", "", nil, 404},
		"forwarded":               {"127.0.0.1:1", "localhost", http.Header{"X-Forwarded-For": {"192.0.2.1"}}, 404},
		"forwarded among ours":    {"127.0.0.1:1", "localhost", http.Header{"X-Forwarded-For": {"127.0.0.1", "::1, 192.0.2.1"}}, 404},
		"forwarded, not readable": {"127.0.0.1:1", "localhost", http.Header{"X-Forwarded-For": {"unknown"}}, 404},
		"forwarded by standard":   {"127.0.0.1:1", "localhost", http.Header{"Forwarded": {`proto=http;FOR="[2001:db8::1]:4711"`}}, 404},
		"forwarded host":          {"127.0.0.1:1", "localhost", http.Header{"X-Forwarded-Host": {"shop.example"}}, 404},
		"real address":            {"127.0.0.1:1", "localhost", http.Header{"X-Real-Ip": {"192.0.2.1"}}, 404},
	} {
		w := s.get("/admin/audit", func(r *http.Request) {
			r.RemoteAddr, r.Host = tt.remote, tt.host
			if tt.header != nil {
				r.Header = tt.header
			}
		})
		if w.Code != tt.want {
			t.Errorf("%s: got %d, want %d", name, w.Code, tt.want)
		}
	}
}

func TestAccess_HeadersOnEverything(t *testing.T) {
	s := newSite(t, Config{Stopping: ending()})
	closed := openSite(t, Config{})
	for _, address := range addresses(s) {
		for name, on := range map[string]*site{"open": s, "closed": closed} {
			h := on.get(address).Header()
			policy := h.Get("Content-Security-Policy")
			if !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s, %s: %v", name, address, h)
			}
			cache := h.Get("Cache-Control")
			if asset := strings.Contains(address, "/assets/") && name == "open"; asset == (cache == "no-store") {
				t.Errorf("%s, %s may be kept: %s", name, address, cache)
			}
		}
	}
}

func TestAccess_SaysWhatIsMissing(t *testing.T) {
	var lines bytes.Buffer
	log := ireneotest.SQLite(t, ireneo.Config{})
	if _, err := Handler(log, Config{Logger: slog.New(slog.NewTextHandler(&lines, nil))}); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(lines.String(), "admin.Config.Authorize"); n != 1 {
		t.Errorf("the missing setting is named %d times:\n%s", n, &lines)
	}
}

func TestAccess_LogsWhyItRefused(t *testing.T) {
	var lines bytes.Buffer
	log := ireneotest.SQLite(t, declared())
	h, err := Handler(log, Config{
		Logger:    slog.New(slog.NewTextHandler(&lines, nil)),
		Authorize: func(*http.Request) (User, error) { return User{}, errors.New("the session store is away") },
	})
	if err != nil {
		t.Fatal(err)
	}
	(&site{h.(*admin), t, log}).get("/admin/audit")
	if !strings.Contains(lines.String(), "the session store is away") {
		t.Errorf("logged:\n%s", &lines)
	}
}

func TestAccess_ReaderPostsNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		config Config
		want   []int
	}{
		"reader":    {Config{Authorize: as(User{Name: "bob", Role: Read})}, []int{http.StatusForbidden}},
		"read-only": {Config{ReadOnly: true}, []int{http.StatusNotFound, http.StatusMethodNotAllowed}},
	} {
		s := newSite(t, tt.config)
		withBell(s)
		for _, r := range s.routes() {
			if !r.acts {
				continue
			}
			address := "/admin" + wildcard.ReplaceAllString(r.path, "x")
			w := s.do(http.MethodPost, address, url.Values{"confirm": {"x"}, "reason": {"y"}})
			if !slices.Contains(tt.want, w.Code) {
				t.Errorf("%s: POST %s is %d", name, address, w.Code)
			}
		}
		if got := s.audited(); len(got) != 0 {
			t.Errorf("%s: recorded %v", name, got)
		}
	}
}
