package dev

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// backend is an application that says which version it is.
func backend(t *testing.T, version string) (addr string) {
	t.Helper()
	mux := http.NewServeMux()
	answer := func(kind string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.Header().Set("X-Coding", r.Header.Get("Accept-Encoding"))
			_, _ = io.WriteString(w, version+" "+r.Method+" "+r.Host)
		}
	}
	mux.Handle("/", answer("text/html; charset=utf-8"))
	mux.Handle("/style.css", answer("text/css"))
	mux.HandleFunc("/packed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Encoding", "br")
		_, _ = io.WriteString(w, "packed")
	})
	mux.HandleFunc("/from", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Join(r.Header.Values("X-Forwarded-For"), " "))
	})
	mux.HandleFunc("/tail", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: one\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://")
}

// front is the proxy on an address of its own.
func front(t *testing.T, p *proxy) (url string) {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	return server.URL
}

const navigation = "text/html,application/xhtml+xml"

func ask(t *testing.T, method, url string, header ...string) (status int, body string, got http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

func TestProxy_AddsTheScriptToPagesOnly(t *testing.T) {
	p := newProxy()
	p.use(backend(t, "one"))
	url := front(t, p)
	for name, tt := range map[string]struct {
		method, path string
		header       []string
		want         bool
	}{
		"page":       {"GET", "/", []string{"Accept", navigation}, true},
		"form":       {"POST", "/", []string{"Accept", navigation}, true},
		"navigation": {"GET", "/", []string{"Sec-Fetch-Dest", "document"}, true},
		"fragment":   {"GET", "/", []string{"Sec-Fetch-Dest", "empty", "Accept", navigation}, false},
		"program":    {"GET", "/", []string{"Accept", "application/json"}, false},
		"head":       {"HEAD", "/", []string{"Accept", navigation}, false},
		"asset":      {"GET", "/style.css", []string{"Accept", navigation}, false},
		"packed":     {"GET", "/packed", []string{"Accept", navigation}, false},
	} {
		_, body, header := ask(t, tt.method, url+tt.path, append(tt.header, "Accept-Encoding", "br")...)
		if got := strings.Contains(body, `<script src="/_dev/reload.js?`); got != tt.want {
			t.Errorf("%s: got script %t in %q", name, got, body)
		}
		if tt.want && header.Get("X-Coding") != "" {
			t.Errorf("%s: the application may compress it with %s", name, header.Get("X-Coding"))
		}
		if host := strings.TrimPrefix(url, "http://"); tt.want && !strings.Contains(body, "one "+tt.method+" "+host) {
			t.Errorf("%s: got %q, want the host %s", name, body, host)
		}
	}
}

// The application is to know that somebody is further away than this proxy.
func TestProxy_SaysWhoAsks(t *testing.T) {
	p := newProxy()
	p.use(backend(t, "one"))
	url := front(t, p)
	for said, want := range map[string]string{"": "127.0.0.1", "192.0.2.1": "192.0.2.1, 127.0.0.1"} {
		var header []string
		if said != "" {
			header = []string{"X-Forwarded-For", said}
		}
		if _, got, _ := ask(t, http.MethodGet, url+"/from", header...); got != want {
			t.Errorf("said %q: got %q, want %q", said, got, want)
		}
	}
}

func TestProxy_ShowsWhatIsWrongInPlaceOfPagesOnly(t *testing.T) {
	p := newProxy()
	p.use(backend(t, "one"))
	url := front(t, p)
	p.fail(&FailedError{Command: "go build", Output: "x.go:1: <b>undefined</b>"})

	status, body, _ := ask(t, "GET", url+"/", "Accept", navigation)
	if status != 500 || !strings.Contains(body, "go build failed") || !strings.Contains(body, "x.go:1: &lt;b&gt;undefined&lt;/b&gt;") {
		t.Errorf("got %d: %s", status, body)
	}
	for _, request := range [][]string{{"POST", "/"}, {"GET", "/style.css", "Accept", "text/css"}, {"GET", "/", "Accept", "application/json"}} {
		if status, body, _ := ask(t, request[0], url+request[1], request[2:]...); status != 200 || !strings.Contains(body, "one") {
			t.Errorf("%v: got %d: %s", request, status, body)
		}
	}
	p.use(backend(t, "two"))
	if _, body, _ := ask(t, "GET", url+"/", "Accept", navigation); !strings.Contains(body, "two") {
		t.Errorf("got %s", body)
	}
}

func TestProxy_RequestsWaitForTheFirstProcess(t *testing.T) {
	p := newProxy()
	url := front(t, p)
	answers := make(chan string)
	go func() {
		_, body, _ := ask(t, "GET", url+"/")
		answers <- body
	}()
	select {
	case body := <-answers:
		t.Fatalf("got %q from nobody", body)
	case <-time.After(20 * time.Millisecond): // it waits
	}
	p.use(backend(t, "one"))
	if got := <-answers; !strings.Contains(got, "one") {
		t.Errorf("got %q", got)
	}
}

func TestProxy_SaysThatNobodyAnswers(t *testing.T) {
	p := newProxy()
	url := front(t, p)
	one, _ := p.use(backend(t, "one"))
	two, _ := p.use(backend(t, "two"))
	if p.lose(one, errors.New("gone")) {
		t.Error("a process that was replaced is missed")
	}
	if !p.lose(two, errors.New("it fell over")) {
		t.Error("a process is not missed")
	}
	if status, body, _ := ask(t, "POST", url+"/"); status != 503 || !strings.Contains(body, "it fell over") {
		t.Errorf("got %d: %s", status, body)
	}
	if status, body, _ := ask(t, "GET", url+"/", "Accept", navigation); status != 500 || !strings.Contains(body, "it fell over") {
		t.Errorf("got %d: %s", status, body)
	}
}

// A process is asked to end only once nobody may still be on the way to it.
func TestProxy_AnswersAllWhileProcessesChange(t *testing.T) {
	p := newProxy()
	url := front(t, p)
	p.use(backend(t, "0"))
	done := make(chan struct{})
	results := make(chan error)
	for range 4 {
		go func() {
			for {
				select {
				case <-done:
					results <- nil
					return
				default:
				}
				resp, err := http.Post(url+"/", "text/plain", strings.NewReader("x"))
				if err == nil && resp.StatusCode != 200 {
					err = errors.New(resp.Status)
				}
				if err != nil {
					results <- err
					return
				}
				_ = resp.Body.Close()
			}
		}()
	}
	for range 20 {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		server.Start()
		p.use(strings.TrimPrefix(server.URL, "http://"))
		_, answered := p.use(backend(t, "next"))
		answered(t.Context())
		server.Close()
	}
	close(done)
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

func TestProxy_PassesEventsOnAsTheyCome(t *testing.T) {
	p := newProxy()
	p.use(backend(t, "one"))
	lines := stream(t, front(t, p)+"/tail")
	if got := lines(); got != "data: one" {
		t.Errorf("got %q", got)
	}
}

// A browser learns of every change, and of those that came before it asked.
func TestProxy_TellsBrowsers(t *testing.T) {
	p := newProxy()
	url := front(t, p)
	lines := stream(t, url+eventsPath)
	if got := lines(); got != "retry: 300" {
		t.Errorf("got %q", got)
	}
	states := []string{lines()}
	lines() // empty
	p.use(backend(t, "one"))
	states = append(states, lines())
	lines()
	p.fail(errors.New("broken"))
	states = append(states, lines())

	if states[0] == states[1] || states[1] == states[2] {
		t.Errorf("got %v", states)
	}
	_, body, _ := ask(t, "GET", url+"/", "Accept", navigation)
	if _, state, _ := strings.Cut(states[2], "data: "); !strings.Contains(body, scriptPath+"?"+state+`"`) {
		t.Errorf("the page is not of %s: %s", state, body)
	}
	if _, code, _ := ask(t, "GET", url+scriptPath); !strings.Contains(code, eventsPath) {
		t.Errorf("got %s", code)
	}
}

// stream reads the lines of an answer while it lasts.
func stream(t *testing.T, url string) (line func() string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	return func() string {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("the stream ended: %v", lines.Err())
		}
		return lines.Text()
	}
}

func TestAnnouncement(t *testing.T) {
	var out strings.Builder
	a := &announcement{next: &out, addr: make(chan string, 1)}
	for _, piece := range []string{"migrat", "ed\nshop listens on http://127.0", ".0.1:9\nand goes", " on\n"} {
		if n, err := a.Write([]byte(piece)); err != nil || n != len(piece) {
			t.Fatalf("got %d, %v", n, err)
		}
	}
	if diff := cmp.Diff("migrated\nand goes on\n", out.String()); diff != "" {
		t.Error(diff)
	}
	if got := <-a.addr; got != "127.0.0.1:9" {
		t.Errorf("got %q", got)
	}
}
