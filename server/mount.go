package server

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Mount answers everything at a path and below it with a handler, such as that of the
// package admin. Requests keep their whole path, and pass the server's middleware as all
// others do, and then that which is given. Of the time limits only Timeouts.Read holds: the handler bounds its own
// time, sets write deadlines by http.ResponseController, and ends where the request's
// context does, which is also when the server stops.
func (s *Server) Mount(path string, h http.Handler, middleware ...echo.MiddlewareFunc) {
	serve := func(c echo.Context) error {
		l, err := newLasting(c)
		if err != nil {
			return err
		}
		defer l.Close()
		h.ServeHTTP(c.Response(), c.Request())
		return nil
	}
	methods := []string{ // all of them: else Echo would answer, and tell that there is something
		http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodPut, http.MethodPatch, http.MethodDelete,
	}
	s.Echo.Match(methods, path, serve, middleware...)
	s.Echo.Match(methods, path+"/*", serve, middleware...)
}

// Stopping is closed when the server is asked to stop, for what goes on outside of
// requests.
func (s *Server) Stopping() <-chan struct{} { return s.stopping.Done() }

// HiddenFields are the hidden fields of a form that a mounted handler shows: that of
// FormToken.
func HiddenFields(r *http.Request) map[string]string {
	return map[string]string{TokenField: FormToken(r.Context())}
}
