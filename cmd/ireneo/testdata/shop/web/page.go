// Package web has the page of the shop.
package web

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Page is the only one.
func Page(c echo.Context) error { return c.HTML(http.StatusOK, "<!doctype html><p>version one</p>") }
