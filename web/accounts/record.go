package accounts

import (
	"cloud.google.com/go/civil"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// The forms on the page of an account.
const (
	deposit    = "deposit"
	withdrawal = "withdraw"
	closing    = "close"
)

// deposit records that money was paid in: POST /accounts/:id/deposits.
func (p pages) deposit(c echo.Context) error {
	ev := &account.Deposited{}
	return p.record(c, deposit, ev, &ev.On, "The deposit is recorded.")
}

// withdraw records that money was paid out: POST /accounts/:id/withdrawals.
func (p pages) withdraw(c echo.Context) error {
	ev := &account.Withdrawn{}
	return p.record(c, withdrawal, ev, &ev.On, "The withdrawal is recorded.")
}

// close closes the book of an account: POST /accounts/:id/closing.
func (p pages) close(c echo.Context) error {
	ev := &account.Closed{}
	return p.record(c, closing, ev, &ev.On, "The account is closed.")
}

// record appends the event of one of the forms, of which on is a part, to the account.
func (p pages) record(c echo.Context, name string, ev ireneo.AnyEvent, on *civil.Date, done string) error {
	return server.Record(c, server.Recording{
		Form: name, Event: ev, Done: done, Then: path, Look: look,
		Stream: func(*form.Form) *ireneo.Handle { return streams.Account.For(c.Param("id")) },
		Check:  p.NotLater(on),
		Again: func(status int, f *form.Form, clash *view.Clash) error {
			return p.detail(c, status, nil, f, clash)
		},
	})
}
