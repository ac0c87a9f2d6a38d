package server_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// serve runs a server until stop is called, and says how it ended.
func serve(t *testing.T, srv *server.Server) (address string, stop context.CancelFunc, ended <-chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	ready, end := make(chan string, 1), make(chan error, 1)
	go func() { end <- srv.Run(ctx, func(addr string) { ready <- addr }) }()
	select {
	case address := <-ready:
		return address, cancel, end
	case err := <-end:
		t.Fatal(err)
		return "", nil, nil
	}
}

// answer is one whose body is still coming in. It is closed when the test ends.
type answer struct {
	status int
	media  string
	body   io.Reader
}

func get(t *testing.T, url string) answer {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Body}
}

// sendPart sends text and no more, and reads until the server closes the connection.
func sendPart(t *testing.T, address, text string) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatalf("got %q and then %v, want the end", answer, err)
	}
	return string(answer)
}

// A client that does not come to the end of its header is cut off.
func TestServer_SlowHeaderIsCutOff(t *testing.T) {
	srv := newServer(t, server.Options{Addr: "127.0.0.1:0", Timeouts: server.Timeouts{Header: 50 * time.Millisecond}})
	address, _, _ := serve(t, srv)
	answer := sendPart(t, address, "GET /healthz HTTP/1.1\r\nHost: example.com\r\nX-Slow: ")
	if strings.Contains(answer, " 200 ") {
		t.Errorf("got %q", answer)
	}
}

// A body that does not come ends the request. That is the client's fault, and no error in
// our log.
func TestServer_SlowBodyIs408(t *testing.T) {
	var logged bytes.Buffer
	srv := newServer(t, server.Options{
		Addr: "127.0.0.1:0", Timeouts: server.Timeouts{Read: 300 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	})
	srv.Echo.POST("/", func(c echo.Context) error {
		_, err := io.ReadAll(c.Request().Body)
		return err
	})
	address, stop, ended := serve(t, srv)
	answer := sendPart(t, address, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 10\r\n\r\n123")
	if !strings.HasPrefix(answer, "HTTP/1.1 408 ") {
		t.Errorf("got %q", answer)
	}
	if stop(); <-ended != nil || strings.Contains(logged.String(), "level=ERROR") {
		t.Errorf("log: %s", &logged)
	}
}

// The context of what takes too long ends, and the answer still gets through.
func TestServer_SlowHandlerIs503(t *testing.T) {
	srv := newServer(t, server.Options{Addr: "127.0.0.1:0", Timeouts: server.Timeouts{Handle: time.Millisecond}})
	srv.Echo.GET("/", func(c echo.Context) error {
		<-c.Request().Context().Done()
		return fmt.Errorf("query: %w", c.Request().Context().Err())
	})
	address, _, _ := serve(t, srv)
	if got := get(t, "http://"+address); got.status != http.StatusServiceUnavailable {
		t.Errorf("got %d", got.status)
	}
}

// Whoever follows outlives the time limits of a request: eight signs of life, each after
// half of them, and then an event.
func TestFollow_OutlivesTheTimeLimits(t *testing.T) {
	const limit = 200 * time.Millisecond
	log := ireneotest.SQLite(t, declarations)
	address, _, _ := followable(t, log,
		server.Options{Timeouts: server.Timeouts{Read: limit, Handle: limit, Write: limit}},
		server.FollowConfig{Authorize: everybody, Payload: true, Heartbeat: limit / 2})
	f := follow(t, "http://"+address+"/follow?new", sse, "")
	if got := f.resp.Header.Get("X-Accel-Buffering"); got != "no" {
		t.Errorf("nginx is told %q", got)
	}
	for beats := 0; beats < 8; {
		if !f.lines.Scan() {
			t.Fatalf("it ends after %d signs of life: %v", beats, f.lines.Err())
		}
		if f.lines.Text() == ": heartbeat" {
			beats++
		}
	}
	write(t, log, "a", "one")
	if got := f.message(); got.text != "one" {
		t.Errorf("got %+v", got)
	}
}

// A stop ends a download at once, long before its deadline, and in the log it is no error;
// but nobody may take what came for the whole file.
func TestServer_StopCutsDownloadsOff(t *testing.T) {
	var logged bytes.Buffer
	srv := newServer(t, server.Options{
		Addr: "127.0.0.1:0", StopWithin: time.Hour, Logger: slog.New(slog.NewTextHandler(&logged, nil)),
	})
	srv.Echo.GET("/file", func(c echo.Context) error {
		d, err := server.NewDownload(c, "file.csv", "text/csv")
		if err != nil {
			return err
		}
		defer d.Close()
		if _, err := io.WriteString(d, strings.Repeat("a", 100_000)); err != nil {
			return err
		}
		<-c.Request().Context().Done()
		return c.Request().Context().Err()
	})
	address, stop, ended := serve(t, srv)

	got := get(t, "http://"+address+"/file")
	stop()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("still running after 10 seconds")
	}
	if _, err := io.ReadAll(got.body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the file ends with %v", err)
	}
	if strings.Contains(logged.String(), "level=ERROR") {
		t.Errorf("log: %s", &logged)
	}
	if got := do(t, srv, httptest.NewRequest(http.MethodGet, "/readyz", nil)); got.Code != 503 || got.Body.String() != "stopping\n" {
		t.Errorf("ready: got %d %q", got.Code, got.Body)
	}
}

// Nobody may take the first half of an answer for the whole.
func TestServer_AHalfAnswerIsCutOff(t *testing.T) {
	var log bytes.Buffer
	srv := newServer(t, server.Options{Addr: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(&log, nil))})
	srv.Echo.GET("/half", func(c echo.Context) error {
		if err := c.String(http.StatusOK, strings.Repeat("a", 100_000)); err != nil {
			return err
		}
		return errors.New("the database went away")
	})
	address, stop, ended := serve(t, srv)

	got := get(t, "http://"+address+"/half")
	if _, err := io.ReadAll(got.body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the answer ends with %v", err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), "the database went away") || !strings.Contains(log.String(), "path=/half status=200") {
		t.Errorf("the log has\n%s", log.String())
	}
}
