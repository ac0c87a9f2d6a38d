package server_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
)

// visitor is a browser as far as cookies go.
type visitor struct {
	t       *testing.T
	srv     *server.Server
	cookies map[string]string
}

func visit(t *testing.T, srv *server.Server) *visitor {
	return &visitor{t: t, srv: srv, cookies: map[string]string{}}
}

func (v *visitor) do(r *http.Request) *httptest.ResponseRecorder {
	v.t.Helper()
	for name, value := range v.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	got := do(v.t, v.srv, r)
	for _, c := range got.Result().Cookies() {
		if v.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(v.cookies, c.Name)
		}
	}
	return got
}

func (v *visitor) get(path string) string {
	v.t.Helper()
	return v.do(httptest.NewRequest(http.MethodGet, path, nil)).Body.String()
}

// withForms is a server that wants tokens and gives them away under /form.
func withForms(t *testing.T, options server.Options) (*server.Server, *ireneo.Log) {
	t.Helper()
	options.FormToken = true
	srv, log := noteTaker(t, options)
	srv.Echo.GET("/form", func(c echo.Context) error { return c.String(200, server.Token(c)) })
	srv.Echo.GET("/login", func(c echo.Context) error {
		session, err := server.SessionOf(c)
		if err != nil {
			return err
		}
		if err := session.Put("user", "ana"); err != nil {
			return err
		}
		return session.Renew()
	})
	return srv, log
}

func TestServer_WrongFormTokenIs403AndNothingIsAppended(t *testing.T) {
	srv, log := withForms(t, server.Options{})
	ana, bo := visit(t, srv), visit(t, srv)
	token, others := ana.get("/form"), bo.get("/form")
	last := token[:len(token)-2] + "AA"
	if last == token {
		last = token[:len(token)-2] + "BB"
	}
	for name, body := range map[string]string{
		"none":              "text=x",
		"empty":             "text=x&_token=",
		"somebody else's":   "text=x&_token=" + others,
		"changed":           "text=x&_token=" + last,
		"without its proof": "text=x&_token=" + strings.Split(token, ".")[0] + ".",
		"nonsense":          "text=x&_token=%00%ff.%00",
	} {
		got := ana.do(post("/notes/1", body))
		if got.Code != 403 || !strings.Contains(got.Body.String(), "This form is too old") {
			t.Errorf("%s: got %d %s", name, got.Code, got.Body)
		}
	}
	if got := ana.do(post("/notes/1?_token="+token, "text=x")); got.Code != 403 {
		t.Errorf("in the query: got %d", got.Code)
	}
	for _, media := range []string{"", "text/plain", "application/json-but-not", "multipart/form-data"} {
		if got := ana.do(post("/notes/1", "_token="+token, "Content-Type", media)); got.Code != 403 {
			t.Errorf("%q: got %d", media, got.Code)
		}
	}
	if got := visit(t, srv).do(post("/notes/1", "text=x&_token="+token)); got.Code != 403 {
		t.Errorf("without the cookie: got %d", got.Code)
	}
	appended(t, log, "1", 0)
}

func TestServer_FormTokenIsAcceptedInAnyTab(t *testing.T) {
	srv, log := withForms(t, server.Options{})
	ana := visit(t, srv)
	first, second := ana.get("/form"), ana.get("/form")
	if first == second {
		t.Error("two tokens are the same")
	}
	var parts bytes.Buffer
	form := multipart.NewWriter(&parts)
	for name, value := range map[string]string{"text": "multipart", "_token": first} {
		if err := form.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	for text, r := range map[string]*http.Request{
		"first":     post("/notes/1", url.Values{"text": {"first"}, "_token": {first}}.Encode()),
		"second":    post("/notes/2", url.Values{"text": {"second"}, "_token": {second}}.Encode()),
		"header":    post("/notes/3", "text=header", "X-Form-Token", first),
		"multipart": post("/notes/4", parts.String(), "Content-Type", form.FormDataContentType()),
		"":          post("/notes/5", "{}", "Content-Type", "application/json; charset=utf-8"),
	} {
		if got := ana.do(r); got.Code != 303 {
			t.Errorf("%s: got %d %s", r.URL, got.Code, got.Body)
		}
		id := strings.TrimPrefix(r.URL.Path, "/notes/")
		for ev, err := range notes.In(log).For(id).Events(t.Context()) {
			if err != nil || ev.(*noted).Text != text {
				t.Errorf("%s: the handler read %q, %v", r.URL, ev.(*noted).Text, err)
			}
		}
		appended(t, log, id, 1)
	}
}

func TestServer_FormTokenEndsWithTheSession(t *testing.T) {
	srv, log := withForms(t, server.Options{})
	ana := visit(t, srv)
	before := ana.get("/form")
	ana.get("/login")
	if got := ana.do(post("/notes/1", "_token="+before)); got.Code != 403 {
		t.Errorf("a token from before the login: got %d", got.Code)
	}
	appended(t, log, "1", 0)
	if got := ana.do(post("/notes/1", "_token="+ana.get("/form"))); got.Code != 303 {
		t.Errorf("a token of the session: got %d", got.Code)
	}
	appended(t, log, "1", 1)
}

func TestServer_OversizeFormIs413BeforeItsToken(t *testing.T) {
	srv, log := withForms(t, server.Options{MaxBody: 100})
	if got := visit(t, srv).do(post("/notes/1", strings.Repeat("a", 101))); got.Code != 413 {
		t.Errorf("got %d", got.Code)
	}
	appended(t, log, "1", 0)
}
