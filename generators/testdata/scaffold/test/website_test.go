package test

import (
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/config"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// website is the application as browsers meet it, on a database of the test's own.
type website struct {
	pages http.Handler
	log   *ireneo.Log
}

// onEachDatabase runs a test on both databases.
func onEachDatabase(t *testing.T, run func(t *testing.T, s *website)) {
	t.Helper()
	ireneotest.Each(t, config.Declarations(), func(t *testing.T, log *ireneo.Log) {
		srv, err := config.NewServer(log, server.Options{Logger: slog.New(slog.NewTextHandler(t.Output(), nil))})
		if err != nil {
			t.Fatal(err)
		}
		run(t, &website{srv.Handler(), log})
	})
}

// request is one request, and what has to come back.
type request struct {
	name, path string // the path begins behind that of the list
	post       values // what is typed into a form; nil: the page is only looked at
	crossSite  bool   // the form is on a page of somebody else

	status    int
	want, not []string // texts of the page, or of where it leads
	version   int64    // of the stream afterwards
}

// run makes requests one after the other, of which list is where their paths begin.
func (s *website) run(t *testing.T, h *ireneo.Handle, list string, requests []request) {
	t.Helper()
	for _, r := range requests {
		t.Run(r.name, func(t *testing.T) {
			got := s.send(r, list)
			page := got.Body.String() + got.Header().Get("Location")
			if got.Code != r.status {
				t.Errorf("got status %d, want %d\n%s", got.Code, r.status, page)
			}
			for _, text := range r.want {
				if !strings.Contains(page, text) {
					t.Errorf("%q is missing in\n%s", text, page)
				}
			}
			for _, text := range r.not {
				if strings.Contains(page, text) {
					t.Errorf("%q is in\n%s", text, page)
				}
			}
			if version, err := h.Version(t.Context()); err != nil || version != r.version {
				t.Errorf("the stream is at version %d, %v, want %d", version, err, r.version)
			}
		})
	}
}

// send makes a request. A form is sent with what a browser has that was shown it.
func (s *website) send(r request, list string) *httptest.ResponseRecorder {
	got := httptest.NewRecorder()
	if r.post == nil {
		s.pages.ServeHTTP(got, httptest.NewRequest(http.MethodGet, list+r.path, nil))
		return got
	}
	shown := httptest.NewRecorder()
	s.pages.ServeHTTP(shown, httptest.NewRequest(http.MethodGet, list+"/new", nil))
	if token := formToken.FindStringSubmatch(shown.Body.String()); token != nil {
		r.post = r.post.with(typed(server.TokenField, html.UnescapeString(token[1])))
	}

	req := httptest.NewRequest(http.MethodPost, list+r.path, strings.NewReader(url.Values(r.post).Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range shown.Result().Cookies() {
		req.AddCookie(c)
	}
	if r.crossSite {
		req.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	s.pages.ServeHTTP(got, req)
	return got
}

var formToken = regexp.MustCompile(`name="_token" value="([^"]*)"`)

// markup has to be text wherever it is shown.
const (
	markup  = "<script>alert(1)</script>"
	escaped = "&lt;script&gt;alert(1)&lt;/script&gt;"
)

// values are what is typed into a form.
type values url.Values

// typed are names and values, given in turn.
func typed(fields ...string) values {
	v := values{}
	for i := 0; i+1 < len(fields); i += 2 {
		v[fields[i]] = []string{fields[i+1]}
	}
	return v
}

// with are both values; where they have the same, it is the others'.
func (v values) with(others values) values {
	both := values{}
	for _, all := range []values{v, others} {
		for name, value := range all {
			both[name] = value
		}
	}
	return both
}
