package server

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// PositionHeader is in the answers to requests that appended: the last position of what
// they did. A program that sends it with its next request reads what it wrote.
const PositionHeader = "Ireneo-Position"

const (
	positionCookie = "position"
	positionLasts  = time.Minute
)

// ReadYourWrites is for pages whose rows are kept up after the commit. Whoever posted
// something sees it on the next page: that waits until the projections have come so far,
// but not longer than within (zero: a second). A page that gave up waiting is answered all
// the same, and Behind says so.
//
//	e.POST("/debts", issue, server.ReadYourWrites(0))
//	e.GET("/customers", index, server.ReadYourWrites(0, projections.CustomerTotals))
//
// A GET or HEAD waits, any other request notes what it appended: in a signed cookie, for a
// minute or until a page has waited for it once, and in the header PositionHeader.
func ReadYourWrites(within time.Duration, projections ...ireneo.AnyProjection) echo.MiddlewareFunc {
	if within == 0 {
		within = time.Second
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := requestOf(c.Request().Context())
			if r == nil {
				return errors.New("read your writes: not a request of the server")
			}
			switch c.Request().Method {
			case http.MethodGet, http.MethodHead:
				if err := r.catchUp(within, projections); err != nil {
					return err
				}
			default:
				r.noteWrites()
			}
			return next(c)
		}
	}
}

// Behind reports whether the page may lack what its reader did last: it waited for that,
// but not long enough.
func Behind(ctx context.Context) bool {
	r := requestOf(ctx)
	return r != nil && r.behind
}

// noteWrites tells the client where it has written, before the answer goes out.
func (r *request) noteWrites() {
	ctx, last := ireneo.LastAppended(r.echo.Request().Context())
	r.echo.SetRequest(r.echo.Request().WithContext(ctx))
	r.echo.Response().Before(func() {
		if last() == 0 {
			return
		}
		r.echo.Response().Header().Set(PositionHeader, strconv.FormatInt(last(), 10))
		position := max(last(), r.written()) // an older answer may come later
		r.setCookie(positionCookie, r.server.sealPosition(position), positionLasts)
	})
}

// catchUp waits for what the client has written, or was told of.
func (r *request) catchUp(within time.Duration, projections []ireneo.AnyProjection) error {
	position := r.written()
	if text := r.echo.Request().Header.Get(PositionHeader); text != "" {
		told, err := strconv.ParseInt(text, 10, 64)
		if err != nil || told < 0 {
			return refusal.BadRequest("Write the header %s as one number.", PositionHeader)
		}
		position = max(position, told)
	}
	if position == 0 || len(projections) == 0 {
		return nil
	}
	if r.cookie(positionCookie) != "" {
		r.setCookie(positionCookie, "", -time.Second)
	}

	ctx, cancel := context.WithTimeout(r.echo.Request().Context(), within)
	defer cancel()
	err := r.server.log.WaitFor(ctx, position, projections...)
	if errors.Is(err, ireneo.ErrBehind) || errors.Is(err, ireneo.ErrStopped) {
		r.behind, err = true, r.echo.Request().Context().Err()
	}
	return err
}

// written is the position in the cookie, zero where there is none that we wrote.
func (r *request) written() int64 {
	value := r.cookie(positionCookie)
	text, _, _ := strings.Cut(value, ".")
	position, err := strconv.ParseInt(text, 10, 64)
	if err != nil || !hmac.Equal([]byte(value), []byte(r.server.sealPosition(position))) {
		return 0
	}
	return position
}

// sealPosition writes a position so that nobody else can.
func (s *Server) sealPosition(position int64) string {
	text := strconv.FormatInt(position, 10)
	return text + "." + base64.RawURLEncoding.EncodeToString(s.mac("position", text))
}
