// Package coldrooms has the pages about cold rooms: the list, the form that begins one, and the
// page of one with its history and what can be done next.
package coldrooms

import "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"

// path is where cold rooms are.
const path = "/cold-rooms"

// pages answers the requests about cold rooms.
type pages struct{ *web.Site }

// Mount adds the pages about cold rooms.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index, web.Live("cold_room"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.create)
	r.GET(path+"/:id", p.show, web.Live("cold_room/:id"))
}
