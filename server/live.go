package server

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"
)

// LiveHeader is in the requests of a page that renews itself.
const LiveHeader = "Ireneo-Live"

// Live is for pages that show at once what happens to streams, however they are named in
// an [ireneo.Filter]; a part that begins with a colon is a parameter of the route. follow
// is the path of Follow. The page is told by LiveURL what to follow: all that it does not
// show yet.
//
//	e.GET("/debts/:id", show, server.Live("/follow", "debt/:id"))
func Live(follow string, streams ...string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := requestOf(c.Request().Context())
			if r == nil {
				return errors.New("live: not a request of the server")
			}
			position, err := r.server.log.Position(c.Request().Context()) // before the page reads anything
			if err != nil {
				return err
			}
			query := url.Values{"after": {strconv.FormatInt(position, 10)}}
			for _, stream := range streams {
				query.Add("stream", filled(c, stream))
			}
			r.live = follow + "?" + query.Encode()
			if err := next(c); err != nil {
				r.live = "" // the page of an error stays as it is
				return err
			}
			return nil
		}
	}
}

// filled is a stream with the parameters of the route in it.
func filled(c echo.Context, stream string) string {
	parts := strings.Split(stream, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = c.Param(name)
		}
	}
	return strings.Join(parts, "/")
}

// LiveURL is the address a page follows to show at once what happens. It is empty where
// the page's route is not Live.
func LiveURL(ctx context.Context) string {
	if r := requestOf(ctx); r != nil {
		return r.live
	}
	return ""
}
