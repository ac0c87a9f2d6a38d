package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/web"
)

func newServer(t *testing.T) *server.Server {
	t.Helper()
	site, err := web.NewSite()
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(ireneotest.SQLite(t, ireneo.Config{}), server.Options{
		ErrorPage: site.ErrorPage, FormToken: true, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	srv.Echo.GET("/form", func(c echo.Context) error { return site.Render(c, http.StatusOK, "Form", web.Token()) })
	srv.Echo.POST("/form", func(c echo.Context) error {
		server.Flash(c, server.Done, c.FormValue("text"))
		return server.Redirect(c, "/form")
	})
	return srv
}

// do sends a request with the cookies of an answer before, if there was one.
func do(srv *server.Server, r *http.Request, before *httptest.ResponseRecorder) *httptest.ResponseRecorder {
	if before != nil {
		for _, c := range before.Result().Cookies() {
			r.AddCookie(c)
		}
	}
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, r)
	return w
}

// A page gives its form a token, the form is accepted with it, and the page after that
// says so, once, whatever was typed.
func TestSite_TokenAndFlash(t *testing.T) {
	srv := newServer(t)
	page := do(srv, httptest.NewRequest(http.MethodGet, "/form", nil), nil)
	_, rest, found := strings.Cut(page.Body.String(), `<input type="hidden" name="_token" value="`)
	token, _, _ := strings.Cut(rest, `"`)
	if !found || token == "" || strings.Contains(page.Body.String(), `role="status"`) {
		t.Fatalf("got %s", page.Body)
	}

	r := httptest.NewRequest(http.MethodPost, "/form", strings.NewReader("text=%3Cscript%3E%22%3B&_token="+token))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	posted := do(srv, r, page)
	if posted.Code != http.StatusSeeOther {
		t.Fatalf("got %d: %s", posted.Code, posted.Body)
	}

	shown := do(srv, httptest.NewRequest(http.MethodGet, "/form", nil), posted)
	if text := shown.Body.String(); !strings.Contains(text, `<p role="status" class="notice flash">&lt;script&gt;&#34;;</p>`) {
		t.Errorf("got %s", text)
	}
	again := do(srv, httptest.NewRequest(http.MethodGet, "/form", nil), shown)
	if strings.Contains(again.Body.String(), `role="status"`) {
		t.Errorf("shown twice: %s", again.Body)
	}
}

func TestSite_RefusedFormIsAClearPage(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/form", strings.NewReader("text=x"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := do(newServer(t), r, nil)
	text := got.Body.String()
	if got.Code != http.StatusForbidden || !strings.Contains(text, "This form is too old") || !strings.Contains(text, got.Header().Get("X-Request-Id")) {
		t.Errorf("got %d: %s", got.Code, text)
	}
}
