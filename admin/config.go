// Package admin is the pages on which operators and developers look into a log, travel in
// time and run its projections. They are closed until somebody opens them, never change an
// event, and work without JavaScript.
//
//	pages, err := admin.Handler(log, admin.Config{Authorize: mayOperate})
//	mux.Handle("/admin/", pages)
//	mux.Handle("/admin", pages)
package admin

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"regexp"

	"github.com/ireneo-dev/ireneo"
)

// Config is how the pages are mounted and who may see them. The zero value is closed:
// every page is 404.
type Config struct {
	// Path is where the pages are mounted; a single slash is the top. Requests come with
	// it. Defaults to /admin.
	Path string

	// Name is what the application is called at the top of each page. Defaults to Ireneo.
	Name string

	// Authorize says who asks, and what they may do. An error, and the role None, are
	// answered with 404, so that strangers do not learn that there are pages; errors are
	// logged. Who may operate needs a name to be recorded with: up to 200 characters that
	// can be seen; else they may only read.
	Authorize func(r *http.Request) (User, error)

	// Development opens the pages, where there is no Authorize, to whoever is on this very
	// machine. They may do everything.
	Development bool

	// ReadOnly leaves all actions out, whoever asks.
	ReadOnly bool

	// Projections are further ones to look at states with, beside those of the log.
	Projections []ireneo.AnyProjection

	// Settings is a struct, or a pointer to one, whose fields are listed among what is
	// known of the system. Fields tagged sensitive:"true", and what looks like a secret,
	// are masked. Nil lists none.
	Settings any

	// Stopping is closed when the server stops: it ends the streams of events, and the
	// rebuilds begun here. Nil: they end with their requests, and with the process.
	Stopping <-chan struct{}

	// Hidden are the hidden fields that a form of the host must carry, such as its form
	// token. Nil has none.
	Hidden func(r *http.Request) map[string]string

	// Logger receives warnings and the errors behind pages. Defaults to slog.Default().
	Logger *slog.Logger
}

var mountPath = regexp.MustCompile(`^(/[A-Za-z0-9_.~-]+)+$`)

// withDefaults fills in what was left out and reports all that is wrong.
func (c Config) withDefaults() (Config, error) {
	c.Path = cmp.Or(c.Path, "/admin")
	c.Name = cmp.Or(c.Name, "Ireneo")
	c.Logger = cmp.Or(c.Logger, slog.Default())

	var mistakes []error
	if c.Path == "/" {
		c.Path = ""
	} else if !mountPath.MatchString(c.Path) {
		mistakes = append(mistakes, fmt.Errorf("Config.Path %q is no path such as /admin", c.Path))
	}
	if c.Settings != nil && structOf(c.Settings).Kind() != reflect.Struct {
		mistakes = append(mistakes, fmt.Errorf("Config.Settings is a %T, and no struct", c.Settings))
	}
	for i, p := range c.Projections {
		if p == nil {
			mistakes = append(mistakes, fmt.Errorf("Config.Projections[%d] is nil", i))
		}
	}
	return c, errors.Join(mistakes...)
}

// open reports whether anybody may see the pages.
func (c Config) open() bool { return c.Authorize != nil || c.Development }
