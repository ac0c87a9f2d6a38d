// Package debts has the pages about debts: the list, the form that begins one, and the
// page of one with its history and what can be done next.
package debts

import "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/web"

// path is where debts are.
const path = "/debts"

// pages answers the requests about debts.
type pages struct{ *web.Site }

// Mount adds the pages about debts.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index, web.Live("debt"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.create)
	r.GET(path+"/:id", p.show, web.Live("debt/:id"))
	r.POST(path+"/:id/paid", p.recordPaid)
	r.POST(path+"/:id/settled", p.recordSettled)
}
