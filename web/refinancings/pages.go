// Package refinancings has the page that pays off one debt with another.
package refinancings

import (
	"github.com/ireneo-dev/ireneo/web"
)

// path is where debts are.
const path = "/debts"

// pages answers the requests about refinancing.
type pages struct{ *web.Site }

// Mount adds the page, which belongs to a debt.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path+"/:id/refinancing", p.new)
	r.POST(path+"/:id/refinancing", p.refinance)
}
