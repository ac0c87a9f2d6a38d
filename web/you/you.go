// Package you has the page on which people say who they are, so that what they record
// carries their name.
package you

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/web"
)

// path is where people say who they are.
const path = "/you"

// maxName is the greatest length of a name, in characters.
const maxName = 100

type pages struct{ *web.Site }

// Mount adds the page.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.show)
	r.POST(path, p.sign)
}

// show asks for the name: GET /you.
func (p pages) show(c echo.Context) error {
	return p.ask(c, http.StatusOK, web.NameOf(c.Request().Context()), "")
}

func (p pages) ask(c echo.Context, status int, name, problem string) error {
	return p.Render(c, status, "Who are you?", ask(name, problem))
}

// sign keeps the name in the session, or forgets it: POST /you.
func (p pages) sign(c echo.Context) error {
	if err := c.Request().ParseForm(); err != nil {
		return err
	}
	typed := c.Request().PostForm.Get("name")
	name := strings.TrimSpace(typed)
	if problem := refuse(name); problem != "" {
		return p.ask(c, http.StatusUnprocessableEntity, strings.ToValidUTF8(typed, "\uFFFD"), problem)
	}

	session, err := server.SessionOf(c)
	if err != nil {
		return err
	}
	if name == "" {
		err = session.Remove(web.SessionName)
		server.Flash(c, server.Done, "What you record from now on carries no name.")
	} else {
		err = session.Put(web.SessionName, name)
		server.Flash(c, server.Done, "What you record from now on carries your name.")
	}
	if err != nil {
		return err
	}
	return server.Redirect(c, "/debts")
}

// refuse says what is wrong with a name, nothing where it can be kept.
func refuse(name string) string {
	switch {
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return "Name must not contain control characters"
	case utf8.RuneCountInString(name) > maxName:
		return "Name must be a maximum of 100 characters in length"
	default:
		return ""
	}
}
