// Package config wires Ledger together: its settings, its database, its routes.
package config

import (
	"context"
	"errors"
	"os"

	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/db/seed"
	"github.com/ireneo-dev/ireneo/server"
)

// Settings are what the environment may vary.
type Settings struct {
	server.Settings

	// DatabaseURL is postgres://… or sqlite:PATH.
	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite:db/ledger.sqlite3"`
}

const help = `Settings come from the environment:
` + server.SettingsHelp + `
  DATABASE_URL            postgres://user:password@host/name or sqlite:path (default sqlite:db/ledger.sqlite3)

In production browsers must reach it by TLS, mostly at a proxy in front: cookies are Secure.`

// Program is the binary of Ledger.
func Program() cli.Program {
	return cli.Program{
		Name:     "ledger",
		Summary:  "Ledger keeps the accounts and debts of your customers, and never forgets.",
		Settings: help,
		Boot: func(ctx context.Context) (*cli.App, error) {
			settings, err := Load(os.Environ())
			if err != nil {
				return nil, err
			}
			return Boot(ctx, settings)
		},
		Database: func() (*cli.Database, error) {
			settings, err := Load(os.Environ())
			if err != nil {
				return nil, err
			}
			db, err := databaseOf(settings.DatabaseURL)
			return &cli.Database{Name: db.name, Production: settings.Production(), Create: db.create, Drop: db.drop}, err
		},
	}
}

// Load reads the settings from variables such as "PORT=8080" and reports everything
// that is wrong with them at once.
func Load(variables []string) (*Settings, error) {
	settings := &Settings{}
	err := server.LoadSettings(settings, variables)
	_, unknown := databaseOf(settings.DatabaseURL)
	return settings, errors.Join(err, unknown)
}

// Boot opens the database and prepares everything else. The caller closes the App.
func Boot(ctx context.Context, settings *Settings) (*cli.App, error) {
	st, log, err := OpenLog(ctx, settings.DatabaseURL)
	if err != nil {
		return nil, err
	}
	srv, err := NewServer(log, settings.Options())
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &cli.App{
		Log:        log,
		Production: settings.Production(),
		Serve:      srv.Run,
		Routes:     routes(srv),
		Seed:       func(ctx context.Context) (int, error) { return seed.Run(ctx, log) },
		Close:      st.Close,
	}, nil
}

// routes are those of the server, as the command routes lists them.
func routes(srv *server.Server) []cli.Route {
	var all []cli.Route
	for _, r := range srv.Echo.Routes() {
		all = append(all, cli.Route{Method: r.Method, Path: r.Path, Handler: r.Name})
	}
	return all
}
