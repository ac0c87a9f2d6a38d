// Package server is the HTTP runtime of applications built on Ireneo: routing on Echo,
// the middleware every application needs, errors, sessions, assets, and a graceful stop.
//
// What is secure is on without being asked for. Every request passes, in this order:
// an id and a time limit, one line in the log, recovery of panics, security headers,
// the host's name, the size of its body, its origin, the token of its form. Then the
// handler finds the log on its context.
package server

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
)

// MinSecretBytes is the least length of a secret.
const MinSecretBytes = 32

// Options vary a server. The zero value is useful in development.
type Options struct {
	// Addr is where Run listens, host:port. Defaults to 127.0.0.1:8080.
	Addr string

	// Production says that browsers reach the application by TLS, here or at a proxy:
	// it makes cookies Secure and their names begin with __Host-, answers to requests
	// that came by TLS carry Strict-Transport-Security, and browsers may keep assets
	// for a year. Secret and Hosts are required then.
	Production bool

	// Secret signs form tokens and flashes, in at least MinSecretBytes bytes. All
	// processes of an application have the same. Defaults to one that ends with the
	// process; required in production.
	Secret string

	// Hosts are the names by which the application is reached, without ports; one
	// that begins with a dot stands for everything below it. A request for another
	// host is answered with 421. Empty: any host, which production refuses.
	Hosts []string

	// TrustedProxies are the addresses whose X-Forwarded-For and X-Forwarded-Proto
	// are believed. Empty: nobody's are.
	TrustedProxies []netip.Prefix

	// FormToken refuses unsafe requests that are not JSON and lack the token of
	// FormToken, with 403. Turn it on once every form has one.
	FormToken bool

	// SessionLifetime is how long a session lasts at most. Defaults to 14 days.
	SessionLifetime time.Duration

	// Logger receives one line a request and one for every internal error. Defaults
	// to slog.Default().
	Logger *slog.Logger

	// Assets are served under /assets/ by their hashed names. Nil serves none.
	Assets *Assets

	// ErrorPage shows a problem to the person who met it. Defaults to a plain text.
	// Those who ask for JSON are answered with the problem itself instead.
	ErrorPage func(c echo.Context, p Problem) error

	// MaxBody bounds the body of a request, in bytes. Defaults to 1 MiB.
	MaxBody int64

	// Timeouts bound how long a request may take.
	Timeouts Timeouts

	// StopWithin is how long requests in progress may take once the server is asked
	// to stop. Defaults to 8 seconds.
	StopWithin time.Duration
}

// Timeouts bound how long the parts of a request may take. Zero means the default.
type Timeouts struct {
	// Header is for reading the request's header. Defaults to 5 seconds.
	Header time.Duration

	// Read is for reading the whole request. Defaults to 30 seconds.
	Read time.Duration

	// Handle is after which the request's context ends. Defaults to 20 seconds. It
	// does not end Follow or a Download.
	Handle time.Duration

	// Write is for the answer, from the end of the request's header. Defaults to 30
	// seconds. In Follow and in a Download it is for every piece anew.
	Write time.Duration

	// Idle is how long a connection is kept between requests. Defaults to 2 minutes.
	Idle time.Duration
}

// Server answers HTTP requests with a log on their context. Routes are added to Echo
// before it runs; afterwards it is safe for concurrent use.
type Server struct {
	Echo *echo.Echo

	log      *ireneo.Log
	options  Options
	origins  *http.CrossOriginProtection
	sessions *scs.SessionManager
	macs     sync.Pool // of hash.Hash, keyed by the secret

	stopping context.Context // ends when the server is asked to stop
	stopNow  context.CancelFunc
}

// New makes a server around a log. It reports every mistake in the options at once.
// Nothing is opened, and the caller still owns the log.
func New(log *ireneo.Log, options Options) (*Server, error) {
	if err := options.validate(); err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	s := &Server{Echo: echo.New(), log: log, options: options.withDefaults(), origins: http.NewCrossOriginProtection()}
	s.macs.New = func() any { return hmac.New(sha256.New, []byte(s.options.Secret)) }
	s.sessions = s.newSessions()
	s.stopping, s.stopNow = context.WithCancel(context.Background())

	s.Echo.HideBanner, s.Echo.HidePort = true, true
	s.Echo.IPExtractor = ipExtractor(options.TrustedProxies)
	s.Echo.SchemeExtractor = s.scheme
	s.Echo.HTTPErrorHandler = s.handleError
	s.Echo.Use( // outermost first
		s.identify, s.account, s.recoverPanics, s.secure, s.knownHost, s.readQuery, s.limitBody,
		s.sameOrigin, s.ownForm, s.provideLog,
	)
	s.Echo.GET(healthPath, s.health)
	s.Echo.GET(readyPath, s.ready)
	if options.Assets != nil {
		s.Echo.GET(assetsPath+"*", options.Assets.serve(options.Production))
	}
	return s, nil
}

func (o Options) validate() error {
	var mistakes []error
	if o.Secret != "" && len(o.Secret) < MinSecretBytes {
		mistakes = append(mistakes, fmt.Errorf("secret has %d bytes, at least %d are needed", len(o.Secret), MinSecretBytes))
	}
	if o.Production && o.Secret == "" {
		mistakes = append(mistakes, errors.New("production needs a secret"))
	}
	if o.Production && len(o.Hosts) == 0 {
		mistakes = append(mistakes, errors.New("production needs the names of its hosts"))
	}
	return errors.Join(mistakes...)
}

func (o Options) withDefaults() Options {
	o.Addr = cmp.Or(o.Addr, "127.0.0.1:8080")
	o.Secret = cmp.Or(o.Secret, rand.Text()+rand.Text())
	o.SessionLifetime = cmp.Or(o.SessionLifetime, 14*24*time.Hour)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	o.StopWithin = cmp.Or(o.StopWithin, 8*time.Second)
	o.Timeouts = Timeouts{
		Header: cmp.Or(o.Timeouts.Header, 5*time.Second),
		Read:   cmp.Or(o.Timeouts.Read, 30*time.Second),
		Handle: cmp.Or(o.Timeouts.Handle, 20*time.Second),
		Write:  cmp.Or(o.Timeouts.Write, 30*time.Second),
		Idle:   cmp.Or(o.Timeouts.Idle, 2*time.Minute),
	}
	if o.ErrorPage == nil {
		o.ErrorPage = plainPage
	}
	return o
}

// Handler is the server without a listener, for tests and for embedding.
func (s *Server) Handler() http.Handler { return s.Echo }
