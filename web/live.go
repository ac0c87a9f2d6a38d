package web

import (
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/server"
)

// FollowPath is where pages learn that something happened.
const FollowPath = "/follow"

// MayFollow lets everybody who may see the pages learn that something happened, and in
// which stream; what it was is on the pages.
func (s *Site) MayFollow(echo.Context, ...ireneo.Filter) error { return nil }

// Live is for pages that show at once what happens to streams, such as debt, or debt/:id
// with a parameter of the page's path.
func Live(streams ...string) echo.MiddlewareFunc { return server.Live(FollowPath, streams...) }
