// Package config wires what the golden scaffolds need around them, written by hand.
package config

import (
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"
	"github.com/ireneo-dev/ireneo/server"
)

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
