package server_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// withSessions is a server where /VERB does to the session what the verb says.
func withSessions(t *testing.T, log *ireneo.Log, options server.Options) *server.Server {
	t.Helper()
	srv := serverOn(t, log, options)
	on := func(path string, do func(*server.Session) error) {
		srv.Echo.GET(path, func(c echo.Context) error {
			session, err := server.SessionOf(c)
			if err == nil {
				err = do(session)
			}
			if err != nil {
				return err
			}
			return c.String(200, session.Get("user"))
		})
	}
	on("/who", func(*server.Session) error { return nil })
	on("/put", func(s *server.Session) error { return s.Put("user", "Ana \x00\u202e") })
	on("/remove", func(s *server.Session) error { return s.Remove("user") })
	on("/renew", (*server.Session).Renew)
	on("/destroy", (*server.Session).Destroy)
	return srv
}

func TestSession_SurvivesARestartAndIsTheSameInEveryProcess(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		ana := visit(t, withSessions(t, log, server.Options{}))
		if got := ana.get("/who"); got != "" || len(ana.cookies) > 0 {
			t.Errorf("who only looks is %q with %v", got, ana.cookies)
		}
		ana.get("/put")
		ana.srv = withSessions(t, log, server.Options{})
		if got := ana.get("/who"); got != "Ana \x00\u202e" {
			t.Errorf("got %q", got)
		}
		ana.get("/remove")
		if got := ana.get("/who"); got != "" {
			t.Errorf("removed: got %q", got)
		}
	})
}

func TestSession_IDIsRenewedAtLogin(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		ana := visit(t, withSessions(t, log, server.Options{}))
		ana.get("/put")
		planted := ana.cookies["session"]
		ana.get("/renew")
		if ana.cookies["session"] == planted || ana.get("/who") == "" {
			t.Errorf("id %q, was %q; user %q", ana.cookies["session"], planted, ana.get("/who"))
		}
		eve := visit(t, ana.srv)
		eve.cookies["session"] = planted
		if got := eve.get("/who"); got != "" {
			t.Errorf("the id from before is still %q", got)
		}
	})
}

func TestSession_EndsForGood(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		ana := visit(t, withSessions(t, log, server.Options{}))
		ana.get("/put")
		id := ana.cookies["session"]
		ana.get("/destroy")
		if len(ana.cookies) > 0 {
			t.Errorf("kept %v", ana.cookies)
		}
		ana.cookies["session"] = id
		if got := ana.get("/who"); got != "" || ana.cookies["session"] != "" {
			t.Errorf("got %q with %v", got, ana.cookies)
		}
	})
}

// What has expired is neither used nor kept, and the table does not hold what browsers send.
func TestSession_ExpiresAndIsStoredUnderAHash(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		ana := visit(t, withSessions(t, log, server.Options{}))
		ana.get("/put")
		id := ana.cookies["session"]
		sessions := func() (tokens []string) {
			if err := log.DB().Table("sessions").Pluck("token", &tokens).Error; err != nil {
				t.Fatal(err)
			}
			return tokens
		}
		if got := sessions(); len(got) != 1 || got[0] == id {
			t.Errorf("got %v for %s", got, id)
		}
		if err := log.DB().Table("sessions").Where("token <> ''").Update("expires_at", 1).Error; err != nil {
			t.Fatal(err)
		}
		if got := ana.get("/who"); got != "" {
			t.Errorf("expired: got %q", got)
		}
		ana.get("/put")
		if got := sessions(); len(got) != 1 {
			t.Errorf("expired sessions are kept: %v", got)
		}
	})
}

func TestSession_CookieIsHostSecureHTTPOnlyLaxInProduction(t *testing.T) {
	for production, want := range map[bool]http.Cookie{
		true:  {Name: "__Host-session", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode},
		false: {Name: "session", Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode},
	} {
		srv := withSessions(t, ireneotest.SQLite(t, declarations), server.Options{Production: production})
		cookies := do(t, srv, httptest.NewRequest(http.MethodGet, "/put", nil)).Result().Cookies()
		if len(cookies) != 1 {
			t.Fatalf("got %v", cookies)
		}
		got := *cookies[0]
		if len(got.Value) < 40 || got.MaxAge < 13*24*3600 {
			t.Errorf("got %v", got)
		}
		got.Value, got.MaxAge, got.Raw = "", 0, ""
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("production %v (-want +got):\n%s", production, diff)
		}
	}
}

// withFlash is a server that leaves the query q under /do and shows it under /see.
func withFlash(t *testing.T, options server.Options) *server.Server {
	t.Helper()
	srv := newServer(t, options)
	srv.Echo.GET("/do", func(c echo.Context) error {
		server.Flash(c, server.Done, c.QueryParam("q"))
		server.Flash(c, server.Info, "second")
		return server.Redirect(c, "/see")
	})
	srv.Echo.GET("/see", func(c echo.Context) error { return c.JSON(200, server.Flashes(c.Request().Context())) })
	srv.Echo.GET("/other", func(c echo.Context) error { return c.NoContent(204) })
	return srv
}

func TestFlash_IsShownOnceAfterTheRedirect(t *testing.T) {
	ana := visit(t, withFlash(t, server.Options{Production: true}))
	got := ana.do(httptest.NewRequest(http.MethodGet, "/do?q=%3Cb%3E%22%3B", nil))
	if lines := got.Header().Values("Set-Cookie"); len(lines) != 1 || !strings.HasPrefix(lines[0], "__Host-flash=") ||
		!strings.Contains(lines[0], "; Secure") || !strings.Contains(lines[0], "; HttpOnly") {
		t.Errorf("got %v", lines)
	}
	ana.get("/other")
	const want = `[{"k":"done","m":"\u003cb\u003e\";"},{"k":"info","m":"second"}]`
	if got := strings.TrimSpace(ana.get("/see")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := strings.TrimSpace(ana.get("/see")); strings.Contains(got, "second") {
		t.Errorf("the second time: got %s", got)
	}
}

func TestFlash_FitsIntoACookie(t *testing.T) {
	ana := visit(t, withFlash(t, server.Options{}))
	for range 20 {
		ana.get("/do?q=" + strings.Repeat("%F0%9F%90%98", 500))
	}
	if size := len(ana.cookies["flash"]); size == 0 || size > 3000 {
		t.Errorf("got %d bytes", size)
	}
	if got := ana.get("/see"); !strings.Contains(got, "second") || strings.Contains(got, "\uFFFD") {
		t.Errorf("got %s", got)
	}
}

func TestFlash_OnlyOurOwnIsShown(t *testing.T) {
	ana := visit(t, withFlash(t, server.Options{}))
	forged := base64.RawURLEncoding.EncodeToString([]byte(`[{"k":"done","m":"call 555"}]`))
	for _, value := range []string{forged, forged + ".", forged + "." + forged, "%%%"} {
		ana.cookies["flash"] = value
		if got := ana.get("/see"); strings.Contains(got, "555") {
			t.Errorf("%s is shown: %s", value, got)
		}
	}
}
