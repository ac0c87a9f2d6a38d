package test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ireneo-dev/ireneo/db/seed"
)

// click sends the form of a page that has one.
func click(form string) chromedp.Action[chromedp.Void] {
	return chromedp.Click(`#` + form + ` button.primary`)
}

// Money goes from one account to another, and both pages tell of it.
func TestBrowser_Transfer(t *testing.T) {
	app := open(t, sqliteURL(t))
	b := browse(t, app)
	if _, err := seed.Run(t.Context(), app.log); err != nil {
		t.Fatal(err)
	}
	b.load(200, []string{"Till money", "727.25", "Transfer out", "to New oven: put by for the oven"}, chromedp.Navigate(b.url+"/accounts/sample-bakery-till"))
	b.picture("account-transferred")
	b.load(200, []string{"which has 727.25", "Harvest reserve · Orchard Cooperative"}, chromedp.Click(`a[href$="/transfer"]`))
	b.picture("transfer")
	b.load(422, []string{"Amount exceeds the balance of 727.25"},
		chromedp.SetValue("#transfer-to", "sample-lindgren-taxes"), chromedp.SetValue("#transfer-amount", "727.26"),
		chromedp.SetValue("#transfer-note", "buns"), click("transfer"))
	b.checkField("#transfer-amount", "727.26")
	b.checkValue("#transfer-to", "sample-lindgren-taxes")
	b.picture("transfer-refused")
	b.load(200, []string{"The transfer is made.", "to Taxes: buns", "627.25"},
		chromedp.SetValue("#transfer-amount", "100"), click("transfer"))
	b.load(200, []string{"Transfer in", "from Till money: buns", "100.00"}, chromedp.Navigate(b.url+"/accounts/sample-lindgren-taxes"))
}

// A debt is refinanced after a payment that came in between was looked at.
func TestBrowser_Refinance(t *testing.T) {
	app := open(t, sqliteURL(t))
	b := browse(t, app)
	if _, err := seed.Run(t.Context(), app.log); err != nil {
		t.Fatal(err)
	}
	b.load(200, []string{"Refinance"}, chromedp.Navigate(b.url+"/debts/sample-harbour-bakery"))
	b.load(200, []string{"Refinance the debt", "10,250.00", "4.25 % a year"}, chromedp.Click(`a[href$="/refinancing"]`))
	b.checkValue("#refinancing-amount", "10,250.00")
	b.picture("refinance")

	paid := form("_version", "5", "principal", "250", "on", "2025-07-03")
	if !posted(t.Context(), app.URL+"/debts/sample-harbour-bakery/payments", paid) {
		t.Fatal("the payment is refused")
	}
	b.load(409, []string{"Somebody was faster", "Amount 250.00", "What you typed would be accepted now", "10,000.00"},
		chromedp.SetValue("#refinancing-interest_rate", "3.75"), click("refinancing"))
	b.checkValue("#refinancing-interest_rate", "3.75")
	b.picture("refinance-late")
	b.load(200, []string{"The debt is refinanced.", "10,250.00", "3.75 % a year", "Issued to refinance another debt"}, chromedp.Click("#late button"))
	b.picture("refinancing")
	b.load(200, []string{"Nothing more to do", "Refinanced", "The debt that took its place"}, chromedp.Click(`.facts a`))
	b.picture("refinanced")
	b.load(200, []string{"3.75 % a year"}, chromedp.Click(`.closed a`))
}

// Whatever accounts are called and have, it fits on the screen.
func TestBrowser_GreatTransferFits(t *testing.T) {
	app := open(t, sqliteURL(t))
	b := browse(t, app)
	register(t, app.log, "great", strings.Repeat("W", 100))
	for _, id := range []string{"from", "to"} {
		openAccount(t, app, id, "great", strings.Repeat("M", 100))
	}
	amount := "92,233,720,368,547,758.07"
	if !posted(t.Context(), app.URL+"/accounts/from/deposits", move("1", amount, "2026-01-04")) {
		t.Fatal("the deposit is refused")
	}
	body := form("to", "to", "amount", "1,000,000,000,000.01", "note", strings.Repeat("W", 200), "on", "2026-02-01")
	if !posted(t.Context(), app.URL+"/accounts/from/transfer", body) {
		t.Fatal("the transfer is refused")
	}
	b.load(200, []string{"to MMMM"}, chromedp.Navigate(b.url+"/accounts/from"))
	b.picture("great-transferred")
	b.load(200, []string{"Transfer money"}, chromedp.Navigate(b.url+"/accounts/from/transfer"))
	b.picture("great-transfer")
}

// checkValue makes sure that a field is filled in.
func (b *browser) checkValue(field, want string) {
	b.t.Helper()
	if value, err := chromedp.Run(b.ctx, chromedp.Value(field)); err != nil || value != want {
		b.t.Errorf("%s: got %q, %v, want %q", field, value, err, want)
	}
}
