// Package web is what all pages of Ledger share: the layout, the assets, the pages of
// errors. The pages themselves are in its folders.
package web

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/server"
)

//go:embed assets
var embedded embed.FS

// Site is what every page needs. It never changes and is safe for concurrent use.
type Site struct {
	Assets *server.Assets
}

// NewSite reads the embedded assets.
func NewSite() (*Site, error) {
	files, err := fs.Sub(embedded, "assets")
	if err != nil {
		return nil, fmt.Errorf("read assets: %w", err)
	}
	assets, err := server.NewAssets(files)
	return &Site{Assets: assets}, err
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

// Home sends people to the debts.
func Home(c echo.Context) error { return c.Redirect(http.StatusSeeOther, "/debts") }
