package server

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// account writes one line a request. The query is left out: people search for names. An
// answer that failed half way is cut off, so that nobody takes what came for the whole.
func (s *Server) account(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		err := next(c)
		half := err != nil && c.Response().Committed
		if err != nil {
			c.Error(err) // answers, so that the status is known
		}
		r := c.Request()
		s.options.Logger.LogAttrs(r.Context(), slog.LevelInfo, "request",
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.Int("status", c.Response().Status),
			slog.Int64("bytes", c.Response().Size),
			slog.Duration("took", time.Since(start)),
			slog.String("remote_ip", c.RealIP()),
			slog.String("request_id", RequestID(c)),
		)
		if half {
			panic(http.ErrAbortHandler)
		}
		return nil
	}
}

// recoverPanics turns a panic into an internal error with the stack in its text.
func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error { return recovered(func() error { return next(c) }) }
}

// recovered is what do returns, or its panic as an error.
func recovered(do func() error) (err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case http.ErrAbortHandler:
			panic(r)
		default:
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return do()
}

// readQuery refuses a query that cannot be read in full. Go drops what it cannot read, and
// a page without a filter that somebody asked for would be another page.
func (s *Server) readQuery(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if _, err := url.ParseQuery(c.Request().URL.RawQuery); err != nil {
			return refusal.New(http.StatusBadRequest, "query: "+err.Error(), "The address cannot be read: something in it is not written as addresses are.")
		}
		return next(c)
	}
}

func (s *Server) limitBody(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.ContentLength > s.options.MaxBody {
			c.Response().Header().Set("Connection", "close")
			return &http.MaxBytesError{Limit: s.options.MaxBody}
		}
		r.Body = body{http.MaxBytesReader(c.Response(), r.Body, s.options.MaxBody)}
		return next(c)
	}
}

// errBodyLost says that a request's body came too slowly, or not to its end.
var errBodyLost = errors.New("body did not arrive in full")

// body names the errors of the client, which would look like errors of ours.
type body struct{ io.ReadCloser }

func (b body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if _, large := errors.AsType[*http.MaxBytesError](err); err == nil || errors.Is(err, io.EOF) || large {
		return n, err
	}
	return n, fmt.Errorf("%w: %w", errBodyLost, err)
}

// provideLog puts the log on the request's context, and the request's id as correlation
// id into the meta of all that it appends.
func (s *Server) provideLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := ireneo.WithLog(c.Request().Context(), s.log)
		ctx = ireneo.WithMeta(ctx, map[string]string{ireneo.CorrelationKey: RequestID(c)})
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}
