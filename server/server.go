// Package server is the HTTP runtime of applications built on Ireneo: routing on Echo,
// the middleware every application needs, errors, assets, and a graceful stop.
package server

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
)

// Options vary a server. The zero value is useful.
type Options struct {
	// Addr is where Run listens, host:port. Defaults to 127.0.0.1:8080.
	Addr string

	// Production turns on Strict-Transport-Security for requests that came by TLS,
	// and lets browsers keep assets for a year.
	Production bool

	// Logger receives one line a request and one for every internal error. Defaults
	// to slog.Default().
	Logger *slog.Logger

	// Assets are served under /assets/ by their hashed names. Nil serves none.
	Assets *Assets

	// ErrorPage shows a problem to the person who met it. Defaults to a plain text.
	ErrorPage func(c echo.Context, p Problem) error

	// MaxBody bounds the body of a request, in bytes. Defaults to 1 MiB.
	MaxBody int64

	// StopWithin is how long requests in progress may take once the server is asked
	// to stop. Defaults to 8 seconds.
	StopWithin time.Duration
}

// Server answers HTTP requests with a log on their context. Routes are added to Echo
// before it runs; afterwards it is safe for concurrent use.
type Server struct {
	Echo *echo.Echo

	log     *ireneo.Log
	options Options
	origins *http.CrossOriginProtection
}

// New makes a server around a log. Nothing is opened, and the caller still owns the log.
func New(log *ireneo.Log, options Options) *Server {
	options.Addr = cmp.Or(options.Addr, "127.0.0.1:8080")
	options.Logger = cmp.Or(options.Logger, slog.Default())
	options.MaxBody = cmp.Or(options.MaxBody, 1<<20)
	options.StopWithin = cmp.Or(options.StopWithin, 8*time.Second)
	if options.ErrorPage == nil {
		options.ErrorPage = plainPage
	}

	s := &Server{Echo: echo.New(), log: log, options: options, origins: http.NewCrossOriginProtection()}
	s.Echo.HideBanner, s.Echo.HidePort = true, true
	s.Echo.IPExtractor = echo.ExtractIPDirect()
	s.Echo.HTTPErrorHandler = s.handleError
	// Outermost first.
	s.Echo.Use(s.identify, s.account, s.recoverPanics, s.secure, s.limitBody, s.sameOrigin, s.provideLog)
	s.Echo.GET("/healthz", s.health)
	if options.Assets != nil {
		s.Echo.GET(assetsPath+"*", options.Assets.serve(options.Production))
	}
	return s
}

// Handler is the server without a listener, for tests and for embedding.
func (s *Server) Handler() http.Handler { return s.Echo }

// health answers 200 where the database does.
func (s *Server) health(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	db, err := s.log.DB().DB()
	if err == nil {
		err = db.PingContext(ctx)
	}
	if err != nil {
		s.options.Logger.ErrorContext(ctx, "health check failed", slog.Any("error", err))
		return c.String(http.StatusServiceUnavailable, "database unavailable\n")
	}
	return c.String(http.StatusOK, "ok\n")
}
