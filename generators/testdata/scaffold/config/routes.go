// Package config wires what the golden scaffolds need around them, written by hand.
package config

import (
	"time"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/db/migrate"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"
	"github.com/ireneo-dev/ireneo/server"
)

// Declarations are what the log is told of the application.
func Declarations() ireneo.Config {
	return ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
}

// NewServer makes a server with all pages.
func NewServer(log *ireneo.Log, options server.Options) (*server.Server, error) {
	options.FormToken = true
	srv, err := server.New(log, options)
	if err != nil {
		return nil, err
	}
	mount(web.Routes{Echo: srv.Echo}, &web.Site{Now: time.Now})
	return srv, nil
}
