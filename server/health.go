package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
)

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

// health answers 200 as long as the process does. It does not ask the database: whoever
// restarts what is not healthy would restart every process of a database that is away,
// and make it worse. That is what readiness is for.
func (s *Server) health(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// ready answers 200 where requests can be served: the database can be reached and has
// all migrations, and the server was not asked to stop. Otherwise it answers 503 with a
// word on why; the log has the error.
func (s *Server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), 2*time.Second)
	defer cancel()
	err := s.unready(ctx)
	switch {
	case err == nil:
		return c.String(http.StatusOK, "ready\n")
	case errors.Is(err, errStopping):
		return c.String(http.StatusServiceUnavailable, "stopping\n")
	}
	s.options.Logger.ErrorContext(ctx, "not ready", slog.Any("error", err), slog.String("request_id", RequestID(c)))
	if errors.Is(err, ireneo.ErrNotMigrated) {
		return c.String(http.StatusServiceUnavailable, "migrations pending\n")
	}
	return c.String(http.StatusServiceUnavailable, "database unavailable\n")
}

// unready is why requests cannot be served, or nil.
func (s *Server) unready(ctx context.Context) error {
	if s.stopping.Err() != nil {
		return errStopping
	}
	db, err := s.log.DB().DB()
	if err != nil {
		return err
	}
	if err := db.PingContext(ctx); err != nil {
		return err
	}
	pending, err := s.log.Pending(ctx)
	if err == nil && pending > 0 {
		err = fmt.Errorf("%w: %d migrations are pending", ireneo.ErrNotMigrated, pending)
	}
	return err
}
