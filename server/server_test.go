package server_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/db/migrate"
	"github.com/ireneo-dev/ireneo/internal/refusal"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// noted is an event to see what the server puts on a request's context.
type noted struct {
	ireneo.Event `name:"note.noted"`

	Text string `json:"text"`
}

var notes = &ireneo.Stream{Type: "note", Purpose: "What a test writes down"}

func newServer(t *testing.T, options server.Options) *server.Server {
	t.Helper()
	return serverOn(t, ireneotest.SQLite(t, declarations), options)
}

// declarations are of an application with sessions.
var declarations = ireneo.Config{
	Streams: []*ireneo.Stream{notes}, Events: []ireneo.EventType{ireneo.TypeOf[noted]()}, Migrations: migrate.FS,
}

// serverOn serves a log. In production it is example.com, as httptest's requests want.
func serverOn(t *testing.T, log *ireneo.Log, options server.Options) *server.Server {
	t.Helper()
	if options.Logger == nil {
		options.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	if options.Production {
		options.Secret = cmp.Or(options.Secret, strings.Repeat("s3cret", 8))
		options.Hosts = append(options.Hosts, "example.com")
	}
	srv, err := server.New(log, options)
	if err != nil {
		t.Fatal(err)
	}
	return srv
}

func TestNew_ReportsEveryMistake(t *testing.T) {
	_, err := server.New(ireneotest.SQLite(t, declarations), server.Options{Production: true})
	if err == nil || !strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "hosts") {
		t.Errorf("got %v", err)
	}
	if _, err := server.New(ireneotest.SQLite(t, declarations), server.Options{Secret: "short"}); err == nil {
		t.Error("a short secret is accepted")
	}
}

func do(t *testing.T, srv *server.Server, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	srv.Handler().ServeHTTP(w, r)
	return w
}

func TestServer_Errors(t *testing.T) {
	secret := errors.New("secret")
	for name, tt := range map[string]struct {
		err    error
		status int
		logged bool
	}{
		"not found":        {&ireneo.NotFoundError{}, 404, false},
		"invalid id":       {fmt.Errorf("stream x: %w", ireneo.ErrInvalidID), 404, false},
		"not created":      {&ireneo.LifecycleError{Reason: ireneo.ErrNotCreated}, 404, false},
		"closed":           {&ireneo.LifecycleError{Reason: ireneo.ErrClosed}, 409, false},
		"already created":  {&ireneo.LifecycleError{Reason: ireneo.ErrAlreadyCreated}, 409, false},
		"conflict":         {&ireneo.ConflictError{}, 409, false},
		"invalid":          {fmt.Errorf("pay: %w", ireneo.ErrInvalid), 422, false},
		"too large":        {fmt.Errorf("pay: %w", ireneo.ErrTooLarge), 413, false},
		"body too large":   {&http.MaxBytesError{Limit: 1}, 413, false},
		"full":             {errors.Join(ireneo.ErrFull, secret), 507, true},
		"busy":             {errors.Join(ireneo.ErrBusy, secret), 503, true},
		"unavailable":      {errors.Join(ireneo.ErrUnavailable, secret), 503, true},
		"not migrated":     {errors.Join(ireneo.ErrNotMigrated, secret), 503, true},
		"outcome unknown":  {errors.Join(ireneo.ErrOutcomeUnknown, secret), 503, true},
		"refused":          {fmt.Errorf("read: %w", refusal.New(415, "no form", "What was sent is no form.")), 415, false},
		"handler's own":    {echo.NewHTTPError(http.StatusTeapot, "short and stout"), 418, false},
		"handler's status": {echo.NewHTTPError(http.StatusBadGateway, "secret"), 500, true},
		"invalid meta":     {errors.Join(&ireneo.MetaError{}, secret), 500, true},
		"state is invalid": {&ireneo.ProjectionError{Err: errors.Join(&ireneo.InvalidStateError{}, secret)}, 500, true},
		"read only":        {errors.Join(ireneo.ErrReadOnly, secret), 503, true},
		"no database":      {errors.Join(ireneo.ErrNoDatabase, secret), 503, true},
		"anything else":    {secret, 500, true},
		"client is gone":   {context.Canceled, 499, false},
	} {
		t.Run(name, func(t *testing.T) {
			var logged bytes.Buffer
			srv := newServer(t, server.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
			srv.Echo.GET("/", func(echo.Context) error { return tt.err })

			got := do(t, srv, httptest.NewRequest(http.MethodGet, "/", nil))
			if got.Code != tt.status {
				t.Errorf("got status %d, want %d", got.Code, tt.status)
			}
			if strings.Contains(got.Body.String(), "secret") {
				t.Errorf("the page tells the error: %s", got.Body)
			}
			id := got.Header().Get("X-Request-Id")
			if tt.status != 499 && !strings.Contains(got.Body.String(), id) {
				t.Errorf("the page does not tell the request id %s: %s", id, got.Body)
			}
			want := 0
			if tt.logged {
				want = 1
			}
			if n := strings.Count(logged.String(), "request failed"); n != want {
				t.Errorf("logged %d times, want %d:\n%s", n, want, &logged)
			}
		})
	}
}

func TestServer_PanicIsAPageWithTheRequestIDAndNothingOfTheStack(t *testing.T) {
	var logged bytes.Buffer
	srv := newServer(t, server.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	srv.Echo.GET("/", func(echo.Context) error { panic("secret") })

	got := do(t, srv, httptest.NewRequest(http.MethodGet, "/", nil))
	page := got.Body.String()
	if got.Code != http.StatusInternalServerError || !strings.Contains(page, got.Header().Get("X-Request-Id")) {
		t.Errorf("got %d: %s", got.Code, page)
	}
	for _, text := range []string{"secret", "panic", "goroutine", ".go:"} {
		if strings.Contains(page, text) {
			t.Errorf("%q is in the page: %s", text, page)
		}
	}
	if !strings.Contains(logged.String(), "secret") || !strings.Contains(logged.String(), "server_test.go") {
		t.Errorf("the log does not tell where: %s", &logged)
	}
}

func TestServer_AppendsKnowTheirRequest(t *testing.T) {
	srv := newServer(t, server.Options{})
	ev := &noted{Text: "hello"}
	srv.Echo.POST("/", func(c echo.Context) error { return notes.For("1").Append(c.Request().Context(), ev) })

	got := do(t, srv, httptest.NewRequest(http.MethodPost, "/", nil))
	if id := got.Header().Get("X-Request-Id"); id == "" || ev.Persisted() && ev.Meta().Get(ireneo.CorrelationKey) != id {
		t.Errorf("request %q, meta %q, persisted %v", id, ev.Meta().Get(ireneo.CorrelationKey), ev.Persisted())
	}
	if !ev.Persisted() {
		t.Error("the handler found no log")
	}
}

func TestServer_BodyTooLargeIs413(t *testing.T) {
	srv := newServer(t, server.Options{MaxBody: 10})
	srv.Echo.POST("/", func(c echo.Context) error {
		_, err := io.Copy(io.Discard, c.Request().Body)
		return err
	})
	for name, tt := range map[string]struct {
		body   io.Reader
		status int
	}{
		"fits":             {strings.NewReader("0123456789"), 200},
		"announced":        {strings.NewReader("0123456789a"), 413},
		"without a length": {io.MultiReader(strings.NewReader("0123456789a")), 413},
	} {
		if got := do(t, srv, httptest.NewRequest(http.MethodPost, "/", tt.body)); got.Code != tt.status {
			t.Errorf("%s: got %d, want %d", name, got.Code, tt.status)
		}
	}
}

func TestServer_Assets(t *testing.T) {
	assets, err := server.NewAssets(fstest.MapFS{"css/app.css": {Data: []byte("body{}")}})
	if err != nil {
		t.Fatal(err)
	}
	path := assets.Path("css/app.css")
	for name, tt := range map[string]struct {
		production bool
		path       string
		status     int
		cache      string
	}{
		"development": {false, path, 200, "no-store"},
		"production":  {true, path, 200, "public, max-age=31536000, immutable"},
		"plain name":  {true, "/assets/css/app.css", 404, "no-store"},
		"climbing":    {true, "/assets/../server.go", 404, "no-store"},
	} {
		srv := newServer(t, server.Options{Assets: assets, Production: tt.production})
		got := do(t, srv, httptest.NewRequest(http.MethodGet, tt.path, nil))
		if got.Code != tt.status || got.Header().Get("Cache-Control") != tt.cache {
			t.Errorf("%s: got %d, %q", name, got.Code, got.Header().Get("Cache-Control"))
		}
		if tt.status == 200 && got.Header().Get("Content-Type") != "text/css; charset=utf-8" {
			t.Errorf("%s: got type %q", name, got.Header().Get("Content-Type"))
		}
	}
}

// A database that is away is no reason to restart the process.
func TestServer_HealthDoesNotAskTheDatabase(t *testing.T) {
	log := ireneotest.SQLite(t, declarations)
	srv := serverOn(t, log, server.Options{})
	get := func(path string) (int, string) {
		got := do(t, srv, httptest.NewRequest(http.MethodGet, path, nil))
		return got.Code, got.Body.String()
	}
	if code, text := get("/readyz"); code != 200 || text != "ready\n" {
		t.Errorf("ready: got %d %q", code, text)
	}
	closeDatabase(t, log)
	if code, text := get("/healthz"); code != 200 || text != "ok\n" {
		t.Errorf("healthy: got %d %q", code, text)
	}
	if code, text := get("/readyz"); code != 503 || text != "database unavailable\n" {
		t.Errorf("ready: got %d %q", code, text)
	}
}

func closeDatabase(t *testing.T, log *ireneo.Log) {
	t.Helper()
	db, err := log.DB().DB()
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestServer_IsNotReadyBeforeItsMigrations(t *testing.T) {
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "new.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	log, err := ireneo.Open(st, declarations)
	if err != nil {
		t.Fatal(err)
	}
	got := do(t, serverOn(t, log, server.Options{}), httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if got.Code != 503 || got.Body.String() != "migrations pending\n" {
		t.Errorf("got %d %q", got.Code, got.Body)
	}
}

func TestServer_ErrorPageThatFailsIsPlain(t *testing.T) {
	for name, page := range map[string]func(echo.Context, server.Problem) error{
		"error": func(echo.Context, server.Problem) error { return errors.New("secret") },
		"panic": func(echo.Context, server.Problem) error { panic("secret") },
	} {
		srv := newServer(t, server.Options{ErrorPage: page})
		got := do(t, srv, httptest.NewRequest(http.MethodGet, "/", nil))
		if got.Code != 404 || !strings.Contains(got.Body.String(), "Not Found") || strings.Contains(got.Body.String(), "secret") {
			t.Errorf("%s: got %d %q", name, got.Code, got.Body)
		}
	}
}

// A request in progress is answered although the server is asked to stop.
func TestServer_RunStopsInGoodOrder(t *testing.T) {
	srv := newServer(t, server.Options{Addr: "127.0.0.1:0"})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	srv.Echo.GET("/slow", func(c echo.Context) error {
		stop()
		<-ctx.Done()
		return c.String(http.StatusOK, "done")
	})

	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- srv.Run(ctx, func(addr string) { address <- addr }) }()
	resp, err := http.Get("http://" + <-address + "/slow")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if closeErr := resp.Body.Close(); err != nil || closeErr != nil || string(body) != "done" {
		t.Errorf("got %q, %v, %v", body, err, closeErr)
	}
	if err := <-ended; err != nil {
		t.Errorf("stop: %v", err)
	}
}

func TestServer_RunGivesUpOnWhatDoesNotEnd(t *testing.T) {
	srv := newServer(t, server.Options{Addr: "127.0.0.1:0", StopWithin: time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	srv.Echo.GET("/never", func(c echo.Context) error {
		stop()
		<-c.Request().Context().Done() // until the connection is cut
		return c.Request().Context().Err()
	})

	address, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- srv.Run(ctx, func(addr string) { address <- addr }) }()
	if resp, err := http.Get("http://" + <-address + "/never"); err == nil {
		_ = resp.Body.Close()
		t.Error("the request was answered")
	}
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want DeadlineExceeded", err)
	}
}
