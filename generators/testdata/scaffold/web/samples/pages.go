// Package samples has the pages about samples: the list, the form that begins one, and the
// page of one with its history and what can be done next.
package samples

import "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"

// path is where samples are.
const path = "/samples"

// pages answers the requests about samples.
type pages struct{ *web.Site }

// Mount adds the pages about samples.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index, web.Live("sample"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.create)
	r.GET(path+"/:id", p.show, web.Live("sample/:id"))
	r.POST(path+"/:id/weighed", p.recordWeighed)
}
