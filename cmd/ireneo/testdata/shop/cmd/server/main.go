// Command server is a shop that has next to nothing.
package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/store/sqlite"

	"example.com/shop/db/migrate"
	"example.com/shop/web"
)

type settings struct {
	server.Settings
	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite:shop.sqlite3"`
}

func main() {
	os.Exit(cli.Main(cli.Program{Name: "shop", Summary: "A shop.", Boot: boot, Database: database}))
}

func load() (*settings, string, error) {
	s := &settings{}
	err := server.LoadSettings(s, os.Environ())
	path, ok := strings.CutPrefix(s.DatabaseURL, "sqlite:")
	if !ok {
		err = errors.Join(err, errors.New("DATABASE_URL is not understood"))
	}
	return s, path, err
}

func database() (*cli.Database, error) {
	s, path, err := load()
	return &cli.Database{
		Name: sqlite.Name(path), Production: s.Production(),
		Create: func(ctx context.Context) (bool, error) { return sqlite.Create(ctx, path) },
		Drop:   func(ctx context.Context) (bool, error) { return sqlite.Drop(ctx, path) },
	}, err
}

func boot(ctx context.Context) (*cli.App, error) {
	s, path, err := load()
	if err != nil {
		return nil, err
	}
	st, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	log, err := ireneo.Open(st, ireneo.Config{Migrations: migrate.FS})
	if err != nil {
		return nil, err
	}
	srv, err := server.New(log, s.Options())
	if err != nil {
		return nil, err
	}
	srv.Echo.GET("/", web.Page)
	srv.Echo.POST("/orders", func(c echo.Context) error { return c.String(http.StatusOK, "ordered") })
	srv.Echo.GET("/where", where)
	srv.Echo.POST("/crash", func(echo.Context) error { os.Exit(3); return nil })

	app := &cli.App{Log: log, Production: s.Production(), Serve: srv.Run, Close: st.Close}
	for _, r := range srv.Echo.Routes() {
		app.Routes = append(app.Routes, cli.Route{Method: r.Method, Path: r.Path, Handler: r.Name})
	}
	return app, nil
}

// where says at which address this process listens.
func where(c echo.Context) error {
	return c.String(http.StatusOK, c.Request().Context().Value(http.LocalAddrContextKey).(interface{ String() string }).String())
}
