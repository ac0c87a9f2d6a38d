package server_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/server"
)

func mounted(t *testing.T, options server.Options, h http.HandlerFunc) *server.Server {
	t.Helper()
	options.Logger = slog.New(slog.DiscardHandler)
	srv := newServer(t, options)
	srv.Mount("/tool", h, func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Response().Header().Set("Passed", "middleware")
			return next(c)
		}
	})
	return srv
}

func TestServer_Mount(t *testing.T) {
	srv := mounted(t, server.Options{FormToken: true}, func(w http.ResponseWriter, r *http.Request) {
		for name, value := range server.HiddenFields(r) {
			w.Header().Set("Token", name+"="+value)
		}
		_, _ = io.WriteString(w, r.Method+" "+r.URL.EscapedPath())
	})
	ask := func(method, path, body string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		if body != "" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		for _, c := range cookies {
			r.AddCookie(c)
		}
		w := httptest.NewRecorder()
		srv.Handler().ServeHTTP(w, r)
		return w
	}

	for _, path := range []string{"/tool", "/tool/", "/tool/a%2Fb/c%2Ejson"} {
		if w := ask(http.MethodGet, path, ""); w.Code != http.StatusOK || w.Body.String() != "GET "+path || w.Header().Get("Passed") == "" {
			t.Errorf("%s: got %d %s", path, w.Code, w.Body)
		}
	}
	if w := ask(http.MethodGet, "/tools", ""); w.Code != http.StatusNotFound {
		t.Errorf("another path: got %d", w.Code)
	}
	if w := ask(http.MethodPost, "/tool/act", "a=b"); w.Code != http.StatusForbidden {
		t.Errorf("without a token: got %d", w.Code)
	}
	w := ask(http.MethodGet, "/tool", "")
	name, token, _ := strings.Cut(w.Header().Get("Token"), "=")
	if w := ask(http.MethodPost, "/tool/act", name+"="+url.QueryEscape(token), w.Result().Cookies()...); w.Code != http.StatusOK {
		t.Errorf("with its token: got %d %s", w.Code, w.Body)
	}
}

// A mounted handler may take its time, and is told when the server stops.
func TestServer_MountOutlivesTheTimeLimits(t *testing.T) {
	const limit = 100 * time.Millisecond
	ended := make(chan struct{})
	srv := mounted(t, server.Options{Addr: "127.0.0.1:0", Timeouts: server.Timeouts{Handle: limit, Write: limit}}, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		select {
		case <-r.Context().Done():
			return
		case <-time.After(2 * limit):
		}
		rc := http.NewResponseController(w)
		if err := rc.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, "late")
		_ = rc.Flush()
		<-r.Context().Done()
	})
	address, stop, end := serve(t, srv)
	answered := get(t, "http://"+address+"/tool")
	text := make([]byte, len("late"))
	if _, err := io.ReadFull(answered.body, text); err != nil || string(text) != "late" {
		t.Errorf("got %s, %v", text, err)
	}
	stop()
	<-ended
	<-srv.Stopping()
	if err := <-end; err != nil {
		t.Error(err)
	}
}
