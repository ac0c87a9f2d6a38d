// Package notes has the pages about notes: the list, the form that begins one, and the
// page of one with its history and what can be done next.
package notes

import "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"

// path is where notes are.
const path = "/notes"

// pages answers the requests about notes.
type pages struct{ *web.Site }

// Mount adds the pages about notes.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index, web.Live("note"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.create)
	r.GET(path+"/:id", p.show, web.Live("note/:id"))
	r.POST(path+"/:id/updated", p.recordUpdated)
	r.POST(path+"/:id/archived", p.recordArchived)
}
