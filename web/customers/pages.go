// Package customers has the pages about customers: the list, the form that registers one,
// and the page of one customer with their debts, accounts and history.
package customers

import (
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/web"
)

// path is where customers are.
const path = "/customers"

// pages answers the requests about customers.
type pages struct{ *web.Site }

// Mount adds the pages about customers.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	totals := server.ReadYourWrites(0, projections.CustomerTotals)
	r.GET(path, p.index, totals, web.Live("customer", "debt"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.register)
	r.GET(path+"/:id", p.show, totals, web.Live("customer/:id", "debt", "account"))
	r.POST(path+"/:id/name", p.rename)
	r.POST(path+"/:id/contact", p.changeContact)
}
