package server_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// count is how many notes have a text.
type count struct {
	ID    string `gorm:"primaryKey"` // the text
	Notes int64
}

func (count) TableName() string { return "counts" }

var counts = ireneo.NewProjection("counts",
	ireneo.OnBy(func(e *noted) string { return e.Text }, func(n *count, _ *noted, _ time.Time) { n.Notes++ }),
)

// counting is an application with a projection that is kept up after the commit.
var counting = ireneo.Config{
	Streams: []*ireneo.Stream{notes}, Projections: []ireneo.AnyProjection{counts},
	Migrations: fstest.MapFS{"00001_counts.sql": &fstest.MapFile{Data: []byte(
		"-- +goose Up\nCREATE TABLE counts (id TEXT NOT NULL PRIMARY KEY, notes BIGINT NOT NULL);\n")}},
}

// working runs the projections of a log until the test ends.
func working(t *testing.T, log *ireneo.Log) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); log.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
}

// countServer counts posts: the page that one leads to says how many there are.
func countServer(t *testing.T, log *ireneo.Log, within time.Duration) string {
	t.Helper()
	srv := serverOn(t, log, server.Options{})
	srv.Echo.POST("/", func(c echo.Context) error {
		if err := notes.For("1").Append(c.Request().Context(), &noted{Text: "x"}); err != nil {
			return err
		}
		return server.Redirect(c, "/")
	}, server.ReadYourWrites(within))
	srv.Echo.POST("/nothing", func(c echo.Context) error { return server.Redirect(c, "/") }, server.ReadYourWrites(within))
	srv.Echo.GET("/", func(c echo.Context) error {
		ctx := c.Request().Context()
		var rows []count
		if err := log.DB().WithContext(ctx).Find(&rows).Error; err != nil {
			return err
		}
		return c.String(http.StatusOK, fmt.Sprintf("%v behind:%t", rows, server.Behind(ctx)))
	}, server.ReadYourWrites(within, counts))
	s := httptest.NewServer(srv.Handler())
	t.Cleanup(s.Close)
	return s.URL
}

// surfer is a browser, as far as cookies and redirects go.
type surfer struct {
	t *testing.T
	http.Client
	url string
}

func surf(t *testing.T, url string) *surfer {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &surfer{t, http.Client{Jar: jar}, url}
}

// do sends a request and returns the page that it leads to in the end.
func (v *surfer) do(method, path string, header ...string) reply {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := v.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

func (v *surfer) want(want, method, path string, header ...string) {
	v.t.Helper()
	if got := v.do(method, path, header...); got.body != want {
		v.t.Fatalf("%s %s %v: got %s, want %s", method, path, header, got.body, want)
	}
}

func (v *surfer) cookies() (names []string) {
	r := httptest.NewRequest(http.MethodGet, v.url, nil)
	for _, c := range v.Jar.Cookies(r.URL) {
		names = append(names, c.Name)
	}
	return names
}

func TestS19_PageAfterPostShowsIt(t *testing.T) {
	ireneotest.Each(t, counting, func(t *testing.T, log *ireneo.Log) {
		working(t, log)
		v := surf(t, countServer(t, log, 20*time.Second))
		for i := range 100 {
			v.want(fmt.Sprintf("[{x %d}] behind:false", i+1), "POST", "/")
		}
		if names := v.cookies(); len(names) > 0 {
			t.Errorf("cookies are left: %v", names)
		}
		v.want("[{x 100}] behind:false", "POST", "/nothing")
	})
}

// Programs carry the position themselves.
func TestS19_HeaderForPrograms(t *testing.T) {
	ireneotest.Each(t, counting, func(t *testing.T, log *ireneo.Log) {
		working(t, log)
		url := countServer(t, log, 20*time.Second)
		program := &surfer{t, http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, url}
		for i := range 20 {
			position := program.do("POST", "/").header.Get("Ireneo-Position")
			if position != fmt.Sprint(i+1) {
				t.Fatalf("got position %q, want %d", position, i+1)
			}
			program.want(fmt.Sprintf("[{x %d}] behind:false", i+1), "GET", "/", "Ireneo-Position", position)
		}
		if header := program.do("POST", "/nothing").header; header.Get("Ireneo-Position") != "" || header.Get("Set-Cookie") != "" {
			t.Errorf("nothing was written: %v", header)
		}
		if got := program.do("GET", "/", "Ireneo-Position", "far"); got.status != http.StatusBadRequest {
			t.Errorf("no number: got %d", got.status)
		}
	})
}

// Where a projection does not come along, its pages are answered all the same, in time and
// with a word about it, and the next one does not wait again.
func TestS19_BehindIsSaid(t *testing.T) {
	ireneotest.Each(t, counting, func(t *testing.T, log *ireneo.Log) {
		v := surf(t, countServer(t, log, 50*time.Millisecond)) // nobody runs the projection
		v.want("[] behind:true", "POST", "/")
		v.want("[] behind:false", "GET", "/")

		patient := surf(t, countServer(t, log, time.Hour))
		if _, err := log.Deliveries(t.Context()); err != nil { // which makes it known
			t.Fatal(err)
		}
		if err := log.Pause(t.Context(), "counts", "test"); err != nil {
			t.Fatal(err)
		}
		patient.want("[] behind:true", "POST", "/")
		patient.want("[] behind:false", "GET", "/")
	})
}

// A position that nobody reached makes nobody wait for ever, and one in the cookie that we
// did not write makes nobody wait.
func TestS19_ForgedPositions(t *testing.T) {
	ireneotest.Each(t, counting, func(t *testing.T, log *ireneo.Log) {
		write(t, log, "1", "x")
		v := surf(t, countServer(t, log, 50*time.Millisecond))
		v.want("[] behind:true", "GET", "/", "Ireneo-Position", "1000000000")
		v.want("[] behind:false", "GET", "/", "Cookie", "position=1000000000")
		v.want("[] behind:false", "GET", "/", "Cookie", "position=1."+strings.Repeat("A", 43))
		working(t, log)
		v = surf(t, countServer(t, log, 20*time.Second))
		v.want("[{x 1}] behind:false", "GET", "/", "Ireneo-Position", "1000000000")
	})
}
