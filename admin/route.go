package admin

import (
	"net/http"
	"slices"
	"strings"
)

// route is a page, an action or a long answer.
type route struct {
	method, path string // path below the mount, with the wildcards of http.ServeMux
	serve        http.HandlerFunc
	acts         bool // it is not there where the pages are ReadOnly
}

// routes are all there are. Each group is declared beside its screens.
func (a *admin) routes() []route {
	return slices.Concat(
		a.logRoutes(),
		a.systemRoutes(),
		a.auditRoutes(),
		a.streamRoutes(),
		a.whatIfRoutes(),
		a.commandRoutes(),
		a.deliveryRoutes(),
		a.overviewRoutes(),
	)
}

// get is a page and its twin. Wildcards of the path are read with visit.segment.
func (a *admin) get(path string, s screen) route {
	return route{http.MethodGet, path, a.serve(s, patience), false}
}

// patient is get for a page that whoever asks may give more time; see visit.patience. Where
// it costs much it needs a slot.
func (a *admin) patient(path string, costs func(v *visit) bool, s screen) route {
	return route{http.MethodGet, path, a.serve(a.costly.screen(s, costs), greatestPatience+patience), false}
}

// post is an action, for operators only. It is not there where the pages are ReadOnly.
func (a *admin) post(path string, s screen) route {
	return route{http.MethodPost, path, a.guard(a.serve(s, patience), Operate), true}
}

// long is an answer that takes its time, such as an export or a stream of pieces, and needs
// a slot.
func (a *admin) long(path string, of slots, s longScreen) route {
	return route{http.MethodGet, path, a.serveLong(of.long(s)), false}
}

// mount puts routes below the path of the pages.
func (a *admin) mount(routes []route) {
	for _, r := range routes {
		if r.acts && a.config.ReadOnly {
			continue
		}
		if r.path == "/" {
			a.mux.HandleFunc(r.method+" "+a.config.Path+"/{$}", r.serve)
		}
		if r.path != "/" || a.config.Path != "" {
			a.mux.HandleFunc(r.method+" "+a.config.Path+strings.TrimSuffix(r.path, "/"), r.serve)
		}
		a.pages[r.path] = true
	}
}
