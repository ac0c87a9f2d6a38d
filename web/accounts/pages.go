// Package accounts has the pages about accounts: the list, the form that opens one, and
// the page of one account with its history and what can be done next.
package accounts

import (
	"github.com/ireneo-dev/ireneo/web"
)

// path is where accounts are.
const path = "/accounts"

// pages answers the requests about accounts.
type pages struct{ *web.Site }

// Mount adds the pages about accounts.
func Mount(r web.Routes, site *web.Site) {
	p := pages{site}
	r.GET(path, p.index, web.Live("account", "customer"))
	r.GET(path+".csv", p.export)
	r.GET(path+"/new", p.new)
	r.POST(path, p.open)
	r.GET(path+"/:id", p.show, web.Live("account/:id"))
	r.POST(path+"/:id/deposits", p.deposit)
	r.POST(path+"/:id/withdrawals", p.withdraw)
	r.POST(path+"/:id/closing", p.close)
	r.GET(path+"/:id/transfer", p.newTransfer)
	r.POST(path+"/:id/transfer", p.transfer)
}
