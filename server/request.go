package server

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/internal/forwarded"
)

// request is what the server knows of one request. It belongs to the goroutine that
// answers it; only cancel is used from elsewhere.
type request struct {
	server *Server
	echo   echo.Context
	id     string
	nonce  string

	cancel context.CancelCauseFunc // ends the request's context
	limit  *time.Timer             // calls cancel with errTooSlow

	binding string   // of the request's form tokens; see token.go
	session *Session // nil until it is used
	flash   *[]Notice
	behind  bool   // see Behind
	live    string // see LiveURL
}

type requestKey struct{}

// requestOf is nil for a context that is not of a request.
func requestOf(ctx context.Context) *request {
	r, _ := ctx.Value(requestKey{}).(*request)
	return r
}

// Why a request's context ended.
var (
	errTooSlow  = errors.New("request took too long")
	errStopping = errors.New("server is stopping")
)

// identify gives the request its id, its nonce and its time. An id that the client sends
// is not believed.
func (s *Server) identify(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		id, err := uuid.NewV7()
		if err != nil {
			return err
		}
		ctx, cancel := context.WithCancelCause(forwarded.Remember(c.Request().Context(), c.Request().Header))
		s.forgetForwarding(c.Request())
		defer cancel(nil)
		r := &request{server: s, echo: c, id: id.String(), nonce: rand.Text(), cancel: cancel}
		r.limit = time.AfterFunc(s.options.Timeouts.Handle, func() { cancel(errTooSlow) })
		defer r.limit.Stop()

		c.SetRequest(c.Request().WithContext(context.WithValue(ctx, requestKey{}, r)))
		c.Response().Header().Set(echo.HeaderXRequestID, r.id)
		return next(c)
	}
}

// RequestID is the id of the request: it is in its log lines, in its answer's header
// X-Request-Id, and as correlation id in the meta of every event it appended.
func RequestID(c echo.Context) string {
	if r := requestOf(c.Request().Context()); r != nil {
		return r.id
	}
	return ""
}

// Nonce is what the attribute nonce of an inline script or style must be for the browser
// to heed it. It is different for every request, and empty outside of one.
func Nonce(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.nonce
	}
	return ""
}
