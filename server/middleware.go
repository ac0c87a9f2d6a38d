package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
)

// requestIDKey is where the request's id is kept on Echo's context.
const requestIDKey = "ireneo.request_id"

// RequestID is the id of the request: it is in its log lines, in its answer's header
// X-Request-Id, and in the meta of every event it appended.
func RequestID(c echo.Context) string {
	id, _ := c.Get(requestIDKey).(string)
	return id
}

// identify gives the request its id. One that the client sends is not believed.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		c.Set(requestIDKey, id.String())
		c.Response().Header().Set(echo.HeaderXRequestID, id.String())
		return next(c)
	}
}

// account writes one line a request. The query is left out: people search for names.
func (s *Server) account(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		if err := next(c); err != nil {
			c.Error(err) // answers, so that the status is known
		}
		r := c.Request()
		s.options.Logger.InfoContext(r.Context(), "request",
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.Int("status", c.Response().Status),
			slog.Int64("bytes", c.Response().Size),
			slog.Duration("took", time.Since(start)),
			slog.String("remote_ip", c.RealIP()),
			slog.String("request_id", RequestID(c)),
		)
		return nil
	}
}

// recoverPanics turns a panic into an internal error with the stack in its text.
func (s *Server) recoverPanics(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) (err error) {
		defer func() {
			switch r := recover(); r {
			case nil:
			case http.ErrAbortHandler:
				panic(r)
			default:
				err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
			}
		}()
		return next(c)
	}
}

// policy lets pages load what the application itself serves, and nothing inline.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

func (s *Server) secure(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store") // pages hold private data; assets say otherwise
		if s.options.Production && c.IsTLS() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
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
		r.Body = http.MaxBytesReader(c.Response(), r.Body, s.options.MaxBody)
		return next(c)
	}
}

// errCrossOrigin says that another site's page sent an unsafe request.
var errCrossOrigin = errors.New("request comes from another site")

func (s *Server) sameOrigin(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := s.origins.Check(c.Request()); err != nil {
			return fmt.Errorf("%w: %w", errCrossOrigin, err)
		}
		return next(c)
	}
}

// provideLog puts the log on the request's context, and the request's id into the
// meta of all that it appends.
func (s *Server) provideLog(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := ireneo.WithLog(c.Request().Context(), s.log)
		ctx = ireneo.WithMeta(ctx, map[string]string{"request_id": RequestID(c)})
		c.SetRequest(c.Request().WithContext(ctx))
		return next(c)
	}
}
