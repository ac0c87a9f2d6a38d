// Package debts has the pages about debts: the list, the form that issues one, and the
// page of one debt with its history and what can be done next.
package debts

import (
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/web"
)

// path is where debts are.
const path = "/debts"

// pages answers the requests about debts.
type pages struct{ *web.Site }

// Mount adds the pages about debts.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index, web.Live("debt", "customer"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.issue, server.ReadYourWrites(0))
	r.GET(path+"/:id", p.show, web.Live("debt/:id"))
	r.POST(path+"/:id/payments", p.pay)
	r.POST(path+"/:id/write-offs", p.writeOff)
	r.POST(path+"/:id/settlement", p.settle)
}
