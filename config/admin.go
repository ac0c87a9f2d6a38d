package config

import (
	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/admin"
	"github.com/ireneo-dev/ireneo/server"
)

// mountAdmin adds the pages that look into the log. In development they are open to
// whoever is on this machine. In production they are closed until Authorize says who may
// see them, by a session for example.
func mountAdmin(srv *server.Server, log *ireneo.Log, options server.Options) error {
	pages, err := admin.Handler(log, admin.Config{
		Name:        "Ledger",
		Development: !options.Production,
		Settings:    options,
		Stopping:    srv.Stopping(),
		Hidden:      server.HiddenFields,
		Logger:      options.Logger,
	})
	if err != nil {
		return err
	}
	srv.Mount("/admin", pages)
	return nil
}
