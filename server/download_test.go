package server_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/server"
)

// A file may take longer than a page: the limits of the request do not hold.
func TestDownload_OutlastsTheRequestsTime(t *testing.T) {
	const limit = 200 * time.Millisecond
	srv := newServer(t, server.Options{Timeouts: server.Timeouts{Handle: limit, Write: time.Second}})
	srv.Echo.GET("/file", func(c echo.Context) error {
		d, err := server.NewDownload(c, "ä b.csv", "text/csv")
		if err != nil {
			return err
		}
		defer d.Close()
		slow := time.NewTimer(2 * limit)
		<-slow.C
		if err := c.Request().Context().Err(); err != nil {
			return err
		}
		_, err = io.WriteString(d, "a,b\n")
		return err
	})
	got := do(t, srv, httptest.NewRequest(http.MethodGet, "/file", nil))
	if got.Code != http.StatusOK || got.Body.String() != "a,b\n" || got.Header().Get("Content-Type") != "text/csv" ||
		got.Header().Get("Content-Disposition") != "attachment; filename*=utf-8''%C3%A4%20b.csv" {
		t.Errorf("got %d %q %v", got.Code, got.Body, got.Header())
	}
}

func TestDownload_FailsAsAPageBeforeTheFirstByte(t *testing.T) {
	srv := newServer(t, server.Options{Logger: slog.New(slog.DiscardHandler)})
	srv.Echo.GET("/file", func(c echo.Context) error {
		d, err := server.NewDownload(c, "file.csv", "text/csv")
		if err != nil {
			return err
		}
		defer d.Close()
		return errors.New("broken")
	})
	got := do(t, srv, httptest.NewRequest(http.MethodGet, "/file", nil))
	if got.Code != http.StatusInternalServerError || got.Header().Get("Content-Disposition") != "" || !strings.Contains(got.Body.String(), "Internal error") {
		t.Errorf("got %d %q %v", got.Code, got.Body, got.Header())
	}
}

func TestServer_RefusesQueriesThatCannotBeRead(t *testing.T) {
	srv := newServer(t, server.Options{})
	srv.Echo.GET("/list", func(c echo.Context) error { return c.String(http.StatusOK, c.QueryParam("sort")) })
	for query, want := range map[string]int{"": 200, "sort=a&b": 200, "sort=%00": 200, "sort=a;b": 400, "sort=%zz": 400} {
		r := httptest.NewRequest(http.MethodGet, "/list", nil)
		r.URL.RawQuery = query
		if got := do(t, srv, r); got.Code != want {
			t.Errorf("%q: got %d %s", query, got.Code, got.Body)
		}
	}
}
