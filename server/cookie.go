package server

import (
	"net/http"
	"strings"
	"time"
)

// The cookies by their plain names. In production they are called __Host-session and so
// on, which browsers accept only from the host itself, by TLS, for all its paths; in
// development, without TLS, they could not be set under such names.
const (
	sessionCookie = "session"
	formCookie    = "form"
	flashCookie   = "flash"
)

func (s *Server) cookieName(name string) string {
	if s.options.Production {
		return "__Host-" + name
	}
	return name
}

// cookie is what the browser sent, or nothing.
func (r *request) cookie(name string) string {
	if c, err := r.echo.Request().Cookie(r.server.cookieName(name)); err == nil {
		return c.Value
	}
	return ""
}

// setCookie gives the browser a cookie, which it keeps for the time given; zero: until it
// is closed; less: not at all. Scripts cannot read it, and other sites' requests come
// without it unless somebody follows a link.
func (r *request) setCookie(name, value string, lasts time.Duration) {
	c := &http.Cookie{
		Name: r.server.cookieName(name), Value: value, Path: "/", MaxAge: int(lasts.Seconds()),
		Secure: r.server.options.Production, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	h := r.echo.Response().Header()
	kept := h.Values("Set-Cookie")
	h.Del("Set-Cookie")
	for _, line := range kept { // one line for each cookie: the last word
		if !strings.HasPrefix(line, c.Name+"=") {
			h.Add("Set-Cookie", line)
		}
	}
	h.Add("Set-Cookie", c.String())
}
