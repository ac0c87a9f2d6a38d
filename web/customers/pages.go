// Package customers has the pages about customers: the list, the form that registers one,
// and the page of one customer with their debts, accounts and history.
package customers

import (
	"github.com/ireneo-dev/ireneo/web"
)

// path is where customers are.
const path = "/customers"

// pages answers the requests about customers.
type pages struct{ *web.Site }

// Mount adds the pages about customers.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index)
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.register)
	r.GET(path+"/:id", p.show)
	r.POST(path+"/:id/name", p.rename)
	r.POST(path+"/:id/contact", p.changeContact)
}
