package config

import (
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/web"
	"github.com/ireneo-dev/ireneo/web/debts"
)

// NewServer makes the server of Ledger with all its pages.
func NewServer(log *ireneo.Log, options server.Options) (*server.Server, error) {
	site, err := web.NewSite()
	if err != nil {
		return nil, err
	}
	options.Assets, options.ErrorPage, options.FormToken = site.Assets, site.ErrorPage, true
	srv, err := server.New(log, options)
	if err != nil {
		return nil, err
	}

	e := srv.Echo
	e.GET("/", web.Home)

	pages := debts.Pages{Site: site, Now: time.Now, Hints: !options.Production}
	e.GET("/debts", pages.Index)
	e.GET("/debts/new", pages.New)
	e.POST("/debts", pages.Issue)
	e.GET("/debts/:id", pages.Show)
	e.POST("/debts/:id/payments", pages.Pay)
	e.POST("/debts/:id/write-offs", pages.WriteOff)
	e.POST("/debts/:id/settlement", pages.Settle)
	return srv, nil
}
