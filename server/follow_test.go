package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/server"
)

// everybody may follow everything.
func everybody(echo.Context, ...ireneo.Filter) error { return nil }

// followable serves a log that can be followed at /follow.
func followable(t *testing.T, log *ireneo.Log, options server.Options, config server.FollowConfig) (address string, stop func(), ended <-chan error) {
	t.Helper()
	options.Addr = "127.0.0.1:0"
	srv := serverOn(t, log, options)
	srv.Echo.GET("/follow", srv.Follow(config))
	return serve(t, srv)
}

// write appends events together.
func write(t *testing.T, log *ireneo.Log, id string, texts ...string) {
	t.Helper()
	var events []ireneo.AnyEvent
	for _, text := range texts {
		events = append(events, &noted{Text: text})
	}
	if err := notes.In(log).For(id).AppendAll(t.Context(), events); err != nil {
		t.Fatal(err)
	}
}

// feed is an answer that is followed.
type feed struct {
	t      *testing.T
	cancel context.CancelFunc
	resp   *http.Response
	lines  *bufio.Scanner
}

const (
	ndjson = "application/x-ndjson"
	sse    = "text/event-stream"
)

func follow(t *testing.T, url, accept, lastID string) *feed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", accept)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if media := resp.Header.Get("Content-Type"); resp.StatusCode == http.StatusOK && media != accept {
		t.Fatalf("got %s, want %s", media, accept)
	}
	return &feed{t, cancel, resp, bufio.NewScanner(resp.Body)}
}

// want reads lines of JSON, but for signs of life, as "text" or "live 17".
func (f *feed) want(want ...string) {
	f.t.Helper()
	for _, w := range want {
		if got := f.line(); got != w {
			f.t.Fatalf("got %s, want %s", got, w)
		}
	}
}

func (f *feed) line() string {
	f.t.Helper()
	for f.lines.Scan() {
		var l struct {
			Heartbeat, Live bool
			Position        int64
			Data            noted
		}
		if err := json.Unmarshal(f.lines.Bytes(), &l); err != nil {
			f.t.Fatalf("%v in %q", err, f.lines.Text())
		}
		switch {
		case l.Heartbeat:
		case l.Live:
			return fmt.Sprint("live ", l.Position)
		default:
			return l.Data.Text
		}
	}
	f.t.Fatalf("no line comes any more: %v", f.lines.Err())
	return ""
}

// message is a server-sent event. Its text is of the event in its data.
type message struct{ id, event, text string }

func (f *feed) message() (m message) {
	f.t.Helper()
	for f.lines.Scan() {
		field, value, _ := strings.Cut(f.lines.Text(), ": ")
		switch field {
		case "id":
			m.id = value
		case "event":
			m.event = value
		case "data":
			var e struct{ Data noted }
			if err := json.Unmarshal([]byte(value), &e); err != nil {
				f.t.Fatalf("%v in %q", err, value)
			}
			m.text = e.Data.Text
		}
		if field == "" && value == "" && m.event != "" {
			return m
		}
	}
	f.t.Fatalf("no message comes any more: %v", f.lines.Err())
	return m
}

var payload = server.FollowConfig{Authorize: everybody, Payload: true}

func TestX02_FollowHistoryMarkAndLive(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		address, _, _ := followable(t, log, server.Options{}, payload)
		write(t, log, "a", "one", "two")
		write(t, log, "b", "three")
		write(t, log, "a", "four")
		feeds := map[string]*feed{}
		for query, want := range map[string][]string{
			"":                            {"one", "two", "three", "four"},
			"after=1":                     {"three", "four"},
			"last=2":                      {"three", "four"},
			"new":                         nil,
			"stream=note/a":               {"one", "two", "four"},
			"stream=note/b&stream=note/a": {"one", "two", "three", "four"},
			"type=note.*,note.noted":      {"one", "two", "three", "four"},
			"type=note.noted&after=3":     nil,
		} {
			f := follow(t, "http://"+address+"/follow?"+query, ndjson, "")
			f.want(append(want, "live 3")...)
			feeds[query] = f
		}
		write(t, log, "a", "five")
		for _, f := range feeds {
			f.want("five")
		}

		enough := follow(t, "http://"+address+"/follow?limit=3", ndjson, "")
		if enough.want("one", "two", "three"); enough.lines.Scan() {
			t.Errorf("more than the limit: %s", enough.lines.Text())
		}
	})
}

// Wherever a connection is lost, whoever comes back with the last id misses nothing; what
// is seen twice is only the beginning of an append that was cut off.
func TestX03_LastEventIDResumes(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		address, _, _ := followable(t, log, server.Options{}, payload)
		var want []string
		for i := range 12 {
			texts := []string{fmt.Sprint(i, "a"), fmt.Sprint(i, "b"), fmt.Sprint(i, "c")}[:1+i%3]
			write(t, log, "a", texts...)
			want = append(want, texts...)
		}
		for cut := 3; cut <= 7; cut++ {
			var got []string
			for last, live := "0", false; !live; {
				f := follow(t, "http://"+address+"/follow?last=1", sse, last) // the id wins
				var open []string                                             // of an append whose end has not come
				for range cut {
					m := f.message()
					if live = m.event == "live"; live {
						break
					}
					if open = append(open, m.text); m.id != "" {
						got, open, last = append(got, open...), nil, m.id
					}
				}
				f.cancel()
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("cut after %d (-want +got):\n%s", cut, diff)
			}
		}
	})
}

// Somebody who does not read is waited for by nobody, and gets everything when they do.
func TestX04_SlowReaderCatchesUp(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		patient := server.Options{Timeouts: server.Timeouts{Write: time.Hour}} // how slow the reader is depends on the machine
		address, _, _ := followable(t, log, patient, payload)
		slow, quick := follow(t, "http://"+address+"/follow", ndjson, ""), follow(t, "http://"+address+"/follow", ndjson, "")
		slow.want("live 0")
		quick.want("live 0")
		wide := strings.Repeat("x", 8_000) // together more than the connection holds
		for i := range 20 {
			var texts []string
			for j := range 100 {
				texts = append(texts, fmt.Sprint(i*100+j, wide))
			}
			write(t, log, "a", texts...)
			for _, text := range texts {
				quick.want(text)
			}
		}
		for i := range 2000 {
			slow.want(fmt.Sprint(i, wide))
		}
	})
}

func TestX04_WhoLeavesMakesRoom(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		config := payload
		config.Followers = 1
		address, _, _ := followable(t, log, server.Options{}, config)
		write(t, log, "a", "one")
		for range 50 {
			f := follow(t, "http://"+address+"/follow", ndjson, "")
			for f.resp.StatusCode == http.StatusServiceUnavailable { // the one before is on their way out
				f = follow(t, "http://"+address+"/follow", ndjson, "")
			}
			f.want("one", "live 1")
			if second := follow(t, "http://"+address+"/follow", ndjson, ""); second.resp.StatusCode != 503 || second.resp.Header.Get("Retry-After") == "" {
				t.Fatalf("the second of one follower got %d", second.resp.StatusCode)
			}
			f.cancel()
		}
	})
}

// The server stops at once, also where somebody follows and does not read.
func TestX02_StopEndsFollowing(t *testing.T) {
	ireneotest.Each(t, declarations, func(t *testing.T, log *ireneo.Log) {
		var logged bytes.Buffer
		address, stop, ended := followable(t, log, server.Options{
			Logger: slog.New(slog.NewTextHandler(&logged, nil)), StopWithin: time.Hour,
		}, server.FollowConfig{Authorize: everybody, Payload: true, Heartbeat: time.Hour})
		wide := strings.Repeat("x", 500_000)
		for range 60 {
			write(t, log, "a", wide) // together more than the connection holds
		}
		follow(t, "http://"+address+"/follow", ndjson, "") // and is not read
		idle := follow(t, "http://"+address+"/follow?after=60", sse, "")
		if m := idle.message(); m.event != "live" {
			t.Fatalf("got %+v", m)
		}
		quick := follow(t, "http://"+address+"/follow?limit=60", ndjson, "")
		if _, err := io.Copy(io.Discard, quick.resp.Body); err != nil { // by now, the first one is stuck
			t.Fatal(err)
		}
		stop()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("still running after 10 seconds")
		}
		if idle.lines.Scan() || idle.lines.Err() != nil {
			t.Errorf("got %q, %v; want the end", idle.lines.Text(), idle.lines.Err())
		}
		if strings.Contains(logged.String(), "level=ERROR") {
			t.Errorf("log: %s", &logged)
		}
	})
}

func TestX02_Heartbeat(t *testing.T) {
	address, _, _ := followable(t, ireneotest.SQLite(t, declarations), server.Options{},
		server.FollowConfig{Authorize: everybody, Heartbeat: time.Millisecond})
	for accept, want := range map[string]string{ndjson: `{"heartbeat":true}`, sse: ": heartbeat"} {
		f := follow(t, "http://"+address+"/follow", accept, "")
		for f.lines.Text() != want {
			if !f.lines.Scan() {
				t.Fatalf("%s: no %s comes: %v", accept, want, f.lines.Err())
			}
		}
		f.cancel()
	}
}

func TestX03_WireFormats(t *testing.T) {
	log := ireneotest.SQLite(t, declarations)
	write(t, log, "a", "secret", "secret")
	keys := func(config server.FollowConfig, accept string) string {
		srv := serverOn(t, log, server.Options{})
		srv.Echo.GET("/", srv.Follow(config))
		r := httptest.NewRequest(http.MethodGet, "/?limit=2", nil)
		r.Header.Set("Accept", accept)
		return do(t, srv, r).Body.String()
	}
	hidden := keys(server.FollowConfig{Authorize: everybody}, ndjson)
	if strings.Contains(hidden, "secret") || strings.Contains(hidden, `"data"`) || strings.Contains(hidden, `"meta"`) ||
		!strings.Contains(hidden, `"type":"note.noted"`) || !strings.Contains(hidden, `"stream":"note/a"`) {
		t.Errorf("without payload: %s", hidden)
	}
	if got := keys(payload, ndjson); strings.Count(got, `"data":{"text":"secret"}`) != 2 || strings.Count(got, "\n") != 2 {
		t.Errorf("with payload: %s", got)
	}
	events := strings.Split(keys(payload, sse), "\n\n")
	if len(events) != 3 || !strings.HasPrefix(events[0], "event: event\ndata: {") || !strings.HasPrefix(events[1], "id: 1\nevent: event\ndata: {") {
		t.Errorf("server-sent: %q", events)
	}
}

func TestFollow_Refusals(t *testing.T) {
	log := ireneotest.SQLite(t, declarations)
	var asked []ireneo.Filter
	srv := serverOn(t, log, server.Options{})
	srv.Echo.GET("/follow", srv.Follow(server.FollowConfig{Authorize: func(c echo.Context, filters ...ireneo.Filter) error {
		asked = filters
		if c.Request().Header.Get("Authorization") == "" {
			return echo.NewHTTPError(http.StatusForbidden)
		}
		return nil
	}}))
	for _, tt := range []struct {
		method, query string
		header        map[string]string
		status        int
	}{
		{"GET", "", map[string]string{"Authorization": ""}, 403},
		{"HEAD", "", nil, 405},
		{"POST", "", map[string]string{"Content-Type": "application/json"}, 405},
		{"GET", "", map[string]string{"Accept": "application/json"}, 406},
		{"GET", "", map[string]string{"Accept": ndjson + ";q=0"}, 406},
		{"GET", "", map[string]string{"Last-Event-ID": "x"}, 400},
		{"GET", "?typ=note.noted", nil, 400},
		{"GET", "?type=nothing", nil, 400},
		{"GET", "?type=", nil, 400},
		{"GET", "?type=a*b", nil, 400},
		{"GET", "?stream=nothing", nil, 400},
		{"GET", "?stream=note/" + strings.Repeat("x", 300), nil, 400},
		{"GET", "?stream=note" + strings.Repeat("&stream=note", 100), nil, 400},
		{"GET", "?after=-1", nil, 400},
		{"GET", "?after=1&after=2", nil, 400},
		{"GET", "?after=99999999999999999999", nil, 400},
		{"GET", "?last=0", nil, 400},
		{"GET", "?last=1001", nil, 400},
		{"GET", "?last=1&new", nil, 400},
		{"GET", "?new=no", nil, 400},
		{"GET", "?limit=0", nil, 400},
		{"GET", "?limit=x", nil, 400},
	} {
		r := httptest.NewRequest(tt.method, "/follow"+tt.query, nil)
		r.Header.Set("Authorization", "me")
		for name, value := range tt.header {
			r.Header.Set(name, value)
		}
		if got := do(t, srv, r); got.Code != tt.status {
			t.Errorf("%s %s %v: got %d %s, want %d", tt.method, tt.query, tt.header, got.Code, got.Body, tt.status)
		}
	}

	r := httptest.NewRequest(http.MethodGet, "/follow?type=note.*,note.noted&stream=note/1", nil)
	if do(t, srv, r); !cmp.Equal(asked, []ireneo.Filter{{Types: []string{"note.*", "note.noted"}, Streams: []string{"note/1"}}}) {
		t.Errorf("authorised were %+v", asked)
	}
}

// What nobody has opened is closed, and says how to open it.
func TestFollow_ClosedByDefault(t *testing.T) {
	var logged bytes.Buffer
	srv := serverOn(t, ireneotest.SQLite(t, declarations), server.Options{Logger: slog.New(slog.NewTextHandler(&logged, nil))})
	srv.Echo.GET("/follow", srv.Follow(server.FollowConfig{}))
	if got := do(t, srv, httptest.NewRequest(http.MethodGet, "/follow", nil)); got.Code != 404 || !strings.Contains(logged.String(), "FollowConfig.Authorize") {
		t.Errorf("got %d, log: %s", got.Code, &logged)
	}
}
