package dev

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The paths that the proxy answers itself.
const (
	scriptPath = "/_dev/reload.js"
	eventsPath = "/_dev/events"
	stylePath  = "/_dev/page.css"
)

// proxy stands on the application's port and passes requests on to the process at work.
// While there is none yet, requests wait. While the latest change is broken, pages are
// replaced by what is wrong; all else is still answered by the process before it.
type proxy struct {
	passOn  http.Handler
	through http.RoundTripper

	mu      sync.Mutex // guards what follows
	to      *target
	problem error
	state   string        // differs whenever pages may look different
	changes int           // counted for state
	changed chan struct{} // closed when state changes
}

// target is a process that answers.
type target struct {
	addr string
	open sync.WaitGroup // requests that were not begun to be answered
}

func newProxy() *proxy {
	p := &proxy{
		// Without compression, so that the script can be added; without keeping
		// connections, so that none is left of a process that ends.
		through: &http.Transport{DisableCompression: true, DisableKeepAlives: true},
		changed: make(chan struct{}),
	}
	p.passOn = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Host // RoundTrip knows better
			r.Out.Host = r.In.Host
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // who is further away is not on this machine
			r.SetXForwarded()
			if showsPage(r.In) {
				r.Out.Header.Del("Accept-Encoding")
			}
		},
		Transport:     p,
		FlushInterval: -1, // events are passed on as they come
		ErrorHandler:  refuse,
		ErrorLog:      slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // the client left
	}
	p.change(nil, nil)
	return p
}

// use passes requests on to the process at addr from now on. What it returns waits until
// the process before it has begun to answer all its requests, and may be asked to end.
func (p *proxy) use(addr string) (t *target, answered func(context.Context)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.to
	t = &target{addr: addr}
	p.change(t, nil)
	return t, func(ctx context.Context) {
		if before != nil {
			before.drain(ctx)
		}
	}
}

// drain waits until all requests have begun to be answered, or ctx ends.
func (t *target) drain(ctx context.Context) {
	drained := make(chan struct{})
	go func() {
		t.open.Wait()
		close(drained)
	}()
	select {
	case <-drained:
	case <-ctx.Done():
	}
}

// fail shows a problem from now on. The process at work stays.
func (p *proxy) fail(problem error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change(p.to, problem)
}

// lose shows a problem that ended a process, if that was the one at work.
func (p *proxy) lose(t *target, problem error) (lost bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.to != t {
		return false
	}
	p.change(nil, problem)
	return true
}

// answers reports whether there is a process at work.
func (p *proxy) answers() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.to != nil
}

// change tells everybody who waits. The caller holds the lock, unless nobody waits yet.
func (p *proxy) change(to *target, problem error) {
	p.to, p.problem = to, problem
	p.changes++
	if p.changes == 1 { // browsers may have pages of an earlier run
		p.state = strconv.FormatInt(time.Now().UnixNano(), 36)
	}
	p.state = strings.SplitN(p.state, "-", 2)[0] + "-" + strconv.Itoa(p.changes)
	close(p.changed)
	p.changed = make(chan struct{})
}

// now is what holds at this moment, until changed is closed.
func (p *proxy) now() (state string, changed <-chan struct{}, problem error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state, p.changed, p.problem
}

// ServeHTTP implements [http.Handler].
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	state, _, problem := p.now()
	switch {
	case r.URL.Path == eventsPath:
		p.events(w, r)
	case r.URL.Path == scriptPath:
		serve(w, "text/javascript; charset=utf-8", script)
	case r.URL.Path == stylePath:
		serve(w, "text/css; charset=utf-8", style)
	case problem != nil && r.Method == http.MethodGet && showsPage(r):
		showProblem(w, problem, state)
	default:
		p.passOn.ServeHTTP(w, r)
	}
}

// events tells a browser the state, and each that follows.
func (p *proxy) events(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	fmt.Fprint(w, "retry: 300\n")
	for {
		state, changed, _ := p.now()
		if _, err := fmt.Fprintf(w, "data: %s\n\n", state); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// RoundTrip asks the process at work, and adds the script to its pages.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	t, state, err := p.acquire(r.Context())
	if err != nil {
		return nil, err
	}
	defer t.open.Done()
	out := r.Clone(r.Context())
	out.URL.Host = t.addr
	resp, err := p.through.RoundTrip(out)
	if err == nil && showsPage(r) && isPage(resp) {
		addScript(resp, state)
	}
	return resp, err
}

// acquire waits until there is a process. The caller says when it began to answer. It
// fails where there will be none until files change.
func (p *proxy) acquire(ctx context.Context) (*target, string, error) {
	for {
		p.mu.Lock()
		to, problem, state, changed := p.to, p.problem, p.state, p.changed
		if to != nil {
			to.open.Add(1)
		}
		p.mu.Unlock()
		if to != nil {
			return to, state, nil
		}
		if problem != nil {
			return nil, "", problem
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
	}
}

// refuse answers where no process does.
func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, "ireneo dev: "+err.Error(), http.StatusServiceUnavailable)
}

// showsPage reports whether a browser would show the answer as a page of its own.
func showsPage(r *http.Request) bool {
	if dest := r.Header.Get("Sec-Fetch-Dest"); dest != "" {
		return dest == "document"
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// isPage reports whether an answer is one that a script can be added to.
func isPage(resp *http.Response) bool {
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return kind == "text/html" && resp.Header.Get("Content-Encoding") == "" && resp.ContentLength != 0 &&
		resp.Request.Method != http.MethodHead && !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment")
}

// addScript puts the script behind the page, where browsers take it for a part of it. It
// is a file of its own, since the application's pages forbid scripts within them.
func addScript(resp *http.Response, state string) {
	tag := `<script src="` + scriptPath + "?" + state + `" defer></script>`
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(resp.Body, strings.NewReader(tag)), resp.Body}
	if resp.ContentLength > 0 {
		resp.ContentLength += int64(len(tag))
		resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	}
}
