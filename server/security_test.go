package server_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// noteTaker appends a note for every POST to /notes/ID.
func noteTaker(t *testing.T, options server.Options) (*server.Server, *ireneo.Log) {
	t.Helper()
	log := ireneotest.SQLite(t, declarations)
	srv := serverOn(t, log, options)
	srv.Echo.POST("/notes/:id", func(c echo.Context) error {
		if err := notes.For(c.Param("id")).Append(c.Request().Context(), &noted{Text: c.FormValue("text")}); err != nil {
			return err
		}
		return server.Redirect(c, "/")
	})
	return srv, log
}

// appended fails unless the stream has as many events as wanted.
func appended(t *testing.T, log *ireneo.Log, id string, want int64) {
	t.Helper()
	if got, err := notes.In(log).For(id).Version(t.Context()); err != nil || got != want {
		t.Errorf("stream %s has %d events, want %d, %v", id, got, want, err)
	}
}

func post(path, body string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestServer_ForeignHostIs421InProduction(t *testing.T) {
	srv, log := noteTaker(t, server.Options{Production: true, Hosts: []string{"Ledger.Example", ".tenants.example", "::1"}})
	for host, want := range map[string]int{
		"ledger.example": 303, "LEDGER.example:8443": 303, "ledger.example.": 303, "a.tenants.example": 303,
		"[::1]": 303, "[::1]:80": 303,
		"": 421, "evil.example": 421, "ledger.example.evil.example": 421, "xledger.example": 421,
		"tenants.example": 421, ".tenants.example": 421, "192.0.2.1": 421, "ledger.example@evil.example": 421,
	} {
		r := post("/notes/"+fmt.Sprint(want), "text=x")
		r.Host = host
		got := do(t, srv, r)
		if got.Code != want {
			t.Errorf("%q: got %d, want %d", host, got.Code, want)
		}
		if want == 421 && !strings.Contains(got.Body.String(), got.Header().Get("X-Request-Id")) {
			t.Errorf("%q: got %s", host, got.Body)
		}
		if !strings.Contains(got.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%q: no policy", host)
		}
	}
	appended(t, log, "421", 0)
	appended(t, log, "303", 6)

	probe := httptest.NewRequest(http.MethodGet, "/healthz", nil)
	probe.Host = "10.0.0.7:8080"
	if got := do(t, srv, probe); got.Code != 200 {
		t.Errorf("a load balancer that asks by address is answered with %d", got.Code)
	}
}

func TestServer_CrossSitePostIs403AndNothingIsAppended(t *testing.T) {
	srv, log := noteTaker(t, server.Options{})
	for name, tt := range map[string]struct {
		header []string
		status int
	}{
		"cross-site":              {[]string{"Sec-Fetch-Site", "cross-site"}, 403},
		"same-site":               {[]string{"Sec-Fetch-Site", "same-site"}, 403},
		"other origin":            {[]string{"Origin", "https://evil.example"}, 403},
		"null origin":             {[]string{"Origin", "null"}, 403},
		"cross-site as JSON":      {[]string{"Sec-Fetch-Site", "cross-site", "Content-Type", "application/json"}, 403},
		"method is overridden":    {[]string{"Sec-Fetch-Site", "cross-site", "X-HTTP-Method-Override", "GET"}, 403},
		"same origin":             {[]string{"Sec-Fetch-Site", "same-origin"}, 303},
		"own origin":              {[]string{"Origin", "http://example.com"}, 303},
		"a program, no browser":   {nil, 303},
		"typed into the location": {[]string{"Sec-Fetch-Site", "none"}, 303},
	} {
		if got := do(t, srv, post("/notes/"+fmt.Sprint(tt.status), "text=x", tt.header...)); got.Code != tt.status {
			t.Errorf("%s: got %d, want %d", name, got.Code, tt.status)
		}
	}
	appended(t, log, "403", 0)
	appended(t, log, "303", 4)
}

func TestServer_SecurityHeadersAreOnEveryAnswer(t *testing.T) {
	assets, err := server.NewAssets(fstest.MapFS{"app.css": {Data: []byte("body{}")}})
	if err != nil {
		t.Fatal(err)
	}
	srv := newServer(t, server.Options{Production: true, Assets: assets})
	srv.Echo.GET("/page", func(c echo.Context) error { return c.HTML(200, "hello") })
	srv.Echo.GET("/panic", func(echo.Context) error { panic("secret") })
	srv.Echo.GET("/missing", func(echo.Context) error { return &ireneo.NotFoundError{} })
	for path, status := range map[string]int{
		"/page": 200, "/panic": 500, "/missing": 404, "/nowhere": 404, "/healthz": 200, "/readyz": 200, assets.Path("app.css"): 200,
	} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		r.TLS = &tls.ConnectionState{}
		got := do(t, srv, r)
		if got.Code != status {
			t.Errorf("%s: got %d, want %d", path, got.Code, status)
		}
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000", "X-Request-Id": "-",
		} {
			if !strings.Contains(got.Header().Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, got.Header().Get(name))
			}
		}
	}
}

func TestServer_NothingInlineWithoutTheNonceOfTheRequest(t *testing.T) {
	srv := newServer(t, server.Options{})
	srv.Echo.GET("/", func(c echo.Context) error { return c.String(200, server.Nonce(c.Request().Context())) })
	seen := map[string]bool{}
	for range 3 {
		got := do(t, srv, httptest.NewRequest(http.MethodGet, "/", nil))
		nonce, policy := got.Body.String(), got.Header().Get("Content-Security-Policy")
		if len(nonce) < 22 || seen[nonce] || strings.Contains(policy, "unsafe") {
			t.Errorf("nonce %q, policy %q", nonce, policy)
		}
		for _, kind := range []string{"script-src", "style-src"} {
			if !strings.Contains(policy, kind+" 'self' 'nonce-"+nonce+"';") {
				t.Errorf("%s is not in %q", kind, policy)
			}
		}
		seen[nonce] = true
	}
}

func TestServer_ProxiesAreBelievedOnlyWhenTrusted(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	for name, tt := range map[string]struct {
		proxies []netip.Prefix
		peer    string
		header  []string
		ip      string
		hsts    bool
	}{
		"nobody is trusted":       {nil, "10.1.1.1:1", []string{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https"}, "10.1.1.1", false},
		"trusted":                 {trusted, "10.1.1.1:1", []string{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https"}, "203.0.113.7", true},
		"trusted, IPv6":           {trusted, "[fd00::1]:1", []string{"X-Forwarded-For", "2001:db8::7", "X-Forwarded-Proto", "HTTPS"}, "2001:db8::7", true},
		"trusted, mapped":         {trusted, "[::ffff:10.1.1.1]:1", []string{"X-Forwarded-For", "203.0.113.7", "X-Forwarded-Proto", "https"}, "203.0.113.7", true},
		"somebody else":           {trusted, "203.0.113.9:1", []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https"}, "203.0.113.9", false},
		"private but not trusted": {trusted, "192.168.0.1:1", []string{"X-Forwarded-For", "192.0.2.1", "X-Forwarded-Proto", "https"}, "192.168.0.1", false},
		"client invents a first":  {trusted, "10.1.1.1:1", []string{"X-Forwarded-For", "1.2.3.4, 203.0.113.7, 10.9.9.9"}, "203.0.113.7", false},
		"client invents a scheme": {trusted, "10.1.1.1:1", []string{"X-Forwarded-Proto", "https, http"}, "10.1.1.1", false},
		"private on the way":      {trusted, "10.1.1.1:1", []string{"X-Forwarded-For", "203.0.113.7, 192.168.1.1"}, "192.168.1.1", false},
		"loopback on the way":     {trusted, "10.1.1.1:1", []string{"X-Forwarded-For", "203.0.113.7, 127.0.0.1"}, "127.0.0.1", false},
		"headers nobody vouches for": {
			trusted, "10.1.1.1:1",
			[]string{"X-Real-Ip", "192.0.2.1", "X-Forwarded-Ssl", "on", "X-Url-Scheme", "https", "X-Forwarded-Protocol", "https"},
			"10.1.1.1", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var logged bytes.Buffer
			srv := newServer(t, server.Options{
				Production: true, TrustedProxies: tt.proxies, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
			})
			srv.Echo.GET("/", func(c echo.Context) error {
				if seen := c.Request().Header.Get("X-Forwarded-Proto"); seen != "" && !strings.HasPrefix(name, "trusted") && !strings.HasPrefix(name, "client") {
					t.Errorf("the handler may believe %q", seen)
				}
				return c.String(200, c.RealIP())
			})
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = tt.peer
			for i := 0; i+1 < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			got := do(t, srv, r)
			if got.Body.String() != tt.ip || !strings.Contains(logged.String(), "remote_ip="+tt.ip) {
				t.Errorf("got address %s, want %s; log: %s", got.Body, tt.ip, &logged)
			}
			if hsts := got.Header().Get("Strict-Transport-Security") != ""; hsts != tt.hsts {
				t.Errorf("taken for TLS: %v, want %v", hsts, tt.hsts)
			}
		})
	}
}

func TestRedirect_OnlyToOwnPaths(t *testing.T) {
	srv := newServer(t, server.Options{})
	srv.Echo.GET("/", func(c echo.Context) error { return server.Redirect(c, c.QueryParam("to")) })
	for to, own := range map[string]bool{
		"/": true, "/debts/1?page=2#top": true, "/a//b": true,
		"": false, "debts": false, "//evil.example": false, "/\\evil.example": false, "https://evil.example": false,
		"javascript:alert(1)": false, "/\t/evil.example": false, "/a\r\nX: y": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		q := r.URL.Query()
		q.Set("to", to)
		r.URL.RawQuery = q.Encode()
		got := do(t, srv, r)
		if location := got.Header().Get("Location"); own && (got.Code != 303 || location != to) || !own && (got.Code != 500 || location != "") {
			t.Errorf("%q: got %d, %q", to, got.Code, location)
		}
	}
}
