package config

import (
	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/web"
)

// NewServer makes the server of Ledger with all its pages.
func NewServer(log *ireneo.Log, options server.Options) (*server.Server, error) {
	site, err := web.NewSite()
	if err != nil {
		return nil, err
	}
	site.Hints = !options.Production
	options.Assets, options.ErrorPage, options.FormToken = site.Assets, site.ErrorPage, true
	srv, err := server.New(log, options)
	if err != nil {
		return nil, err
	}

	srv.Echo.GET("/", web.Home)
	routes := site.Routes(srv.Echo)
	routes.GET(web.FollowPath, srv.Follow(server.FollowConfig{Authorize: site.MayFollow}))
	mount(routes, site)
	return srv, mountAdmin(srv, log, options)
}
