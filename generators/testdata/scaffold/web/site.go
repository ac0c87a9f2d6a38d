// Package web is what the pages of the golden scaffolds share, written by hand: no layout,
// and pictures of nothing.
package web

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/server"
)

// Site is what every page needs.
type Site struct{ Now func() time.Time }

// Render answers with a page.
func (s *Site) Render(c echo.Context, status int, title string, body templ.Component) error {
	var page bytes.Buffer // its token is a cookie, which goes before it
	fmt.Fprintf(&page, "<title>%s</title>", html.EscapeString(title))
	if err := body.Render(c.Request().Context(), &page); err != nil {
		return err
	}
	return c.HTMLBlob(status, page.Bytes())
}

// Routes are where pages are added.
type Routes struct{ Echo *echo.Echo }

// GET adds a page, and what stands between the request and it.
func (r Routes) GET(path string, h echo.HandlerFunc, with ...echo.MiddlewareFunc) {
	r.Echo.GET(path, h, with...)
}

// POST adds what a form is sent to.
func (r Routes) POST(path string, h echo.HandlerFunc) { r.Echo.POST(path, h) }

// Live is for pages that show at once what happens to streams.
func Live(streams ...string) echo.MiddlewareFunc { return server.Live("/follow", streams...) }

// Token is the hidden field that every form which is posted has.
func Token() templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		_, err := fmt.Fprintf(w, `<input type="hidden" name="_token" value="%s">`, html.EscapeString(server.FormToken(ctx)))
		return err
	})
}

// Icon is a small picture.
func Icon(string) templ.Component { return templ.NopComponent }
