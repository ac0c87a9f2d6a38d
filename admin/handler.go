package admin

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
)

const (
	patience = 10 * time.Second // for an ordinary page
	maxForm  = 64 << 10         // bytes
)

// always are the headers that every answer has, refusals too. Nobody changes the values.
var always = map[string][]string{
	"Content-Security-Policy": {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"same-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Cache-Control":                {"no-store"}, // pages hold private data; assets say otherwise
}

// admin is the pages of one log.
type admin struct {
	log     *ireneo.Log
	config  Config
	assets  *assets
	origins *http.CrossOriginProtection
	mux     *http.ServeMux
	pages   map[string]bool // paths of the routes there are

	costly, streaming slots
}

// Handler serves the pages of a log. It expects requests with Config.Path before their
// own, and is safe for concurrent use. Every mistake in the Config is reported at once.
//
// What operators do is recorded in the log, so that Actions must be among its streams
// unless the pages are closed or ReadOnly.
func Handler(log *ireneo.Log, c Config) (http.Handler, error) {
	c, err := c.withDefaults()
	if log == nil {
		err = errors.Join(err, errors.New("there is no log"))
	} else if c.open() && !c.ReadOnly {
		err = errors.Join(err, canRecord(log))
	}
	if err != nil {
		return nil, fmt.Errorf("admin: %w", err)
	}
	if !c.open() {
		c.Logger.Warn("admin: the pages are closed, because nobody says who may see them: set admin.Config.Authorize", "path", c.Path)
	}
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}

	a := &admin{
		log: log, config: c, assets: files, origins: http.NewCrossOriginProtection(),
		mux: http.NewServeMux(), pages: map[string]bool{},
		costly: newSlots(maxCostly), streaming: newSlots(maxStreams),
	}
	a.mount(a.routes())
	a.mux.HandleFunc("GET "+c.Path+"/assets/{name}", files.serve)
	a.mux.HandleFunc("GET /", a.serve(func(*visit) (*page, error) { return nil, errNoPage }, patience))
	return a, nil
}

// ServeHTTP implements [http.Handler].
func (a *admin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	maps.Copy(w.Header(), always)
	user, ok := a.admit(r)
	if !ok {
		http.NotFound(w, r)
		return
	}
	v := &visit{User: user, admin: a, now: time.Now().UTC()}
	if strings.HasSuffix(r.URL.EscapedPath(), twin) {
		r, v.json = withoutTwin(r), true
	}
	a.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), visitKey{}, v)))
}

type visitKey struct{}

// visitOf is the visit that ServeHTTP has made of a request.
func visitOf(r *http.Request) *visit {
	v := r.Context().Value(visitKey{}).(*visit)
	v.Request = r
	return v
}

// withoutTwin is the request for the page itself.
func withoutTwin(r *http.Request) *http.Request {
	r = r.Clone(r.Context())
	r.URL.Path = strings.TrimSuffix(r.URL.Path, twin)
	r.URL.RawPath = strings.TrimSuffix(r.URL.RawPath, twin)
	return r
}

// serve answers with the page of a screen, which must be made within some time.
func (a *admin) serve(s screen, within time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		_ = allow(w, within+pieceTime)
		v := visitOf(r.WithContext(ctx))
		err := recovered(func() error {
			p, err := s(v)
			if err != nil {
				return err
			}
			return v.write(w, p)
		})
		if err != nil {
			v.fail(w, err)
		}
	}
}

// guard lets only those with a role send a form, and only from our own pages.
func (a *admin) guard(next http.HandlerFunc, role Role) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := visitOf(r)
		switch {
		case a.origins.Check(r) != nil:
			v.fail(w, errCrossOrigin)
		case role == Operate && !v.mayAct():
			v.fail(w, errMayNot)
		default:
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
			next(w, r)
		}
	}
}
