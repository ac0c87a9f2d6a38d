package server_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// What a page follows is all that it did not show, also what came while it was made.
func TestLive_FollowsWhatThePageLacks(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		write(t, log, "a b", "one")
		srv := serverOn(t, log, server.Options{})
		srv.Echo.GET("/follow", srv.Follow(payload))
		srv.Echo.GET("/notes/:id", func(c echo.Context) error {
			write(t, log, "a b", "while the page is made")
			write(t, log, "c", "elsewhere")
			return c.String(http.StatusOK, server.LiveURL(c.Request().Context()))
		}, server.Live("/follow", "note/:id"))

		address := do(t, srv, httptest.NewRequest(http.MethodGet, "/notes/a%20b", nil)).Body.String()
		news := do(t, srv, httptest.NewRequest(http.MethodGet, address+"&limit=1", nil)).Body.String()
		if !strings.Contains(news, "while the page is made") || strings.Contains(news, "one") {
			t.Errorf("%s: got %s", address, news)
		}
	})
}

func TestLive_NotForErrors(t *testing.T) {
	var live string
	srv := newServer(t, server.Options{ErrorPage: func(c echo.Context, p server.Problem) error {
		live = server.LiveURL(c.Request().Context())
		return c.String(p.Status, p.Title)
	}})
	srv.Echo.GET("/", func(echo.Context) error { return echo.ErrNotFound }, server.Live("/follow", "note"))
	if got := do(t, srv, httptest.NewRequest(http.MethodGet, "/", nil)); got.Code != 404 || live != "" {
		t.Errorf("got %d, which follows %s", got.Code, live)
	}
}

// A message is for somebody who opens a page, not for one that renews itself meanwhile.
func TestLive_LeavesFlashesAlone(t *testing.T) {
	srv := newServer(t, server.Options{})
	srv.Echo.POST("/", func(c echo.Context) error {
		server.Flash(c, server.Done, "Noted.")
		return server.Redirect(c, "/")
	})
	srv.Echo.GET("/", func(c echo.Context) error {
		return c.JSON(http.StatusOK, server.Flashes(c.Request().Context()))
	})
	s := httptest.NewServer(srv.Handler())
	t.Cleanup(s.Close)
	v := surf(t, s.URL)
	v.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	v.do("POST", "/")
	v.want("null\n", "GET", "/", server.LiveHeader, "1")
	v.want("[{\"k\":\"done\",\"m\":\"Noted.\"}]\n", "GET", "/")
}
