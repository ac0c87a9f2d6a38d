// Package config wires Ledger together: its settings, its database, its routes.
package config

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"

	"github.com/ireneo-dev/ireneo/cli"
	"github.com/ireneo-dev/ireneo/db/seed"
	"github.com/ireneo-dev/ireneo/server"
)

// Settings are what the environment may vary.
type Settings struct {
	// Env is development or production.
	Env string `env:"IRENEO_ENV" envDefault:"development"`

	// Secret signs what browsers keep for us. Required in production; in development it
	// is one that everybody knows.
	Secret string `env:"IRENEO_SECRET"`

	// Hosts are the names people reach the application by. Required in production;
	// empty allows any.
	Hosts []string `env:"IRENEO_HOSTS"`

	// TrustedProxies are addresses and networks whose X-Forwarded-For and
	// X-Forwarded-Proto are believed. Empty: nobody's are.
	TrustedProxies []string `env:"IRENEO_TRUSTED_PROXIES"`

	// DatabaseURL is postgres://… or sqlite:PATH.
	DatabaseURL string `env:"DATABASE_URL" envDefault:"sqlite:db/ledger.sqlite3"`

	// Host is the address to listen on. Empty: only this machine in development, all
	// addresses in production.
	Host string `env:"HOST"`

	// Port is the TCP port to listen on; 0 takes a free one.
	Port int `env:"PORT" envDefault:"8080"`
}

const help = `Settings come from the environment:
  IRENEO_ENV              development or production (default development)
  IRENEO_SECRET           signs cookies and forms, at least 32 random bytes (required in production)
  IRENEO_HOSTS            names people reach it by, such as ledger.example.com,.example.org (required in
                          production; default any)
  IRENEO_TRUSTED_PROXIES  proxies whose X-Forwarded headers are believed, such as 10.0.0.0/8 (default none)
  DATABASE_URL            postgres://user:password@host/name or sqlite:path (default sqlite:db/ledger.sqlite3)
  HOST                    address to listen on (default 127.0.0.1 in development, all in production)
  PORT                    port to listen on (default 8080)

In production browsers must reach it by TLS, mostly at a proxy in front: cookies are Secure.`

// Program is the binary of Ledger.
func Program() cli.Program {
	return cli.Program{
		Name:     "ledger",
		Summary:  "Ledger keeps the debts of your customers, and never forgets.",
		Settings: help,
		Boot: func(ctx context.Context) (*cli.App, error) {
			settings, err := Load(os.Environ())
			if err != nil {
				return nil, err
			}
			return Boot(ctx, settings)
		},
	}
}

// Load reads the settings from variables such as "PORT=8080" and reports everything
// that is wrong with them at once.
func Load(variables []string) (Settings, error) {
	given := env.ToMap(variables)
	maps.DeleteFunc(given, func(_, value string) bool { return value == "" }) // empty is not set
	settings, err := env.ParseAsWithOptions[Settings](env.Options{Environment: given})
	mistakes := parseMistakes(err)
	if settings.Env != "development" && settings.Env != "production" {
		mistakes = append(mistakes, fmt.Errorf("IRENEO_ENV is %q; set it to development or production", settings.Env))
	}
	if err == nil && (settings.Port < 0 || settings.Port > 65535) {
		mistakes = append(mistakes, fmt.Errorf("PORT is %d; set it to a number from 0 to 65535", settings.Port))
	}
	if _, err := databaseOf(settings.DatabaseURL); err != nil {
		mistakes = append(mistakes, err)
	}
	mistakes = append(mistakes, settings.secure()...)
	if settings.Host == "" && !settings.Production() {
		settings.Host = "127.0.0.1"
	}
	return settings, errors.Join(mistakes...)
}

// parseMistakes names the variables that are not of their type. The parser's own text
// would name the fields of a Go struct.
func parseMistakes(err error) []error {
	all, ok := errors.AsType[env.AggregateError](err)
	if !ok {
		if err != nil {
			return []error{err}
		}
		return nil
	}
	var mistakes []error
	for _, e := range all.Errors {
		if p, ok := errors.AsType[env.ParseError](e); ok {
			e = fmt.Errorf("%s is not a number", strings.ToUpper(p.Name))
		}
		mistakes = append(mistakes, e)
	}
	return mistakes
}

// Production reports whether the application serves real users.
func (s Settings) Production() bool { return s.Env == "production" }

// Addr is where the server listens.
func (s Settings) Addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Boot opens the database and prepares everything else. The caller closes the App.
func Boot(ctx context.Context, settings Settings) (*cli.App, error) {
	st, log, err := OpenLog(ctx, settings.DatabaseURL)
	if err != nil {
		return nil, err
	}
	logger := newLogger(settings)
	srv, err := NewServer(log, server.Options{
		Addr:           settings.Addr(),
		Production:     settings.Production(),
		Secret:         settings.Secret,
		Hosts:          settings.Hosts,
		TrustedProxies: settings.proxies(),
		Logger:         logger,
	})
	if err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return &cli.App{
		Log:        log,
		Production: settings.Production(),
		Serve:      srv.Run,
		Seed:       func(ctx context.Context) (int, error) { return seed.Run(ctx, log) },
		Close:      st.Close,
	}, nil
}

func newLogger(settings Settings) *slog.Logger {
	if settings.Production() {
		return slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}
