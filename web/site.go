// Package web is what all pages of Ledger share: the layout, the assets, the pages of
// errors. The pages themselves are in its folders.
package web

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/civil"
	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
)

//go:embed assets
var embedded embed.FS

// Site is what every page needs. It never changes and is safe for concurrent use.
type Site struct {
	Assets *server.Assets
	Now    func() time.Time
	Hints  bool // tell whoever develops the application what to try
}

// NewSite reads the embedded assets.
func NewSite() (*Site, error) {
	files, err := fs.Sub(embedded, "assets")
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	assets, err := server.NewAssets(files)
	return &Site{Assets: assets, Now: time.Now}, err
}

// Render answers with a page in the layout. A page that fails half way answers with
// the error alone.
func (s *Site) Render(c echo.Context, status int, title string, body templ.Component) error {
	var page bytes.Buffer
	ctx := c.Request().Context()
	ctx = templ.WithNonce(ctx, server.Nonce(ctx))
	if err := layout(s, title, c.Request().URL.Path, body).Render(ctx, &page); err != nil {
		return fmt.Errorf("render %s: %w", title, err)
	}
	return c.HTMLBlob(status, page.Bytes())
}

// ErrorPage shows a problem.
func (s *Site) ErrorPage(c echo.Context, p server.Problem) error {
	return s.Render(c, p.Status, p.Title, problem(p))
}

// Routes are where pages are added. A group of Echo's would answer a wrong method with 404.
type Routes struct {
	echo *echo.Echo
	site *Site
}

// Routes adds pages whose requests are signed.
func (s *Site) Routes(e *echo.Echo) Routes { return Routes{e, s} }

// GET adds a page, and what stands between the request and it.
func (r Routes) GET(path string, h echo.HandlerFunc, with ...echo.MiddlewareFunc) {
	r.echo.GET(path, h, slices.Insert(with, 0, r.site.Sign)...)
}

// POST adds what a form is sent to.
func (r Routes) POST(path string, h echo.HandlerFunc, with ...echo.MiddlewareFunc) {
	r.echo.POST(path, h, slices.Insert(with, 0, r.site.Sign)...)
}

// Today is the day it is, in UTC.
func (s *Site) Today() civil.Date { return civil.DateOf(s.Now().UTC()) }

// NotLater refuses a day that has not come yet anywhere on earth. It is mistyped, and a
// fact in the future would make every later one look late.
func (s *Site) NotLater(on *civil.Date) func(context.Context, *form.Form) error {
	return func(_ context.Context, f *form.Form) error {
		if on.After(s.Today().AddDays(1)) {
			f.Add("on", "is in the future")
		}
		return nil
	}
}

// Home sends people to the debts.
func Home(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/debts") }
