package accounts

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/app/commands"
	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/account"
	"github.com/ireneo-dev/ireneo/app/projections"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/list"
	"github.com/ireneo-dev/ireneo/server"
	"github.com/ireneo-dev/ireneo/view"
)

// transferring is the name of the form that transfers.
const transferring = "transfer"

// transfer is what the page of a transfer shows.
type transfer struct {
	From  *projections.AccountBalance
	Form  *form.Form
	To    []form.Choice // open accounts but this one, the first ones by their names
	List  view.List     // where To is from
	Clash *view.Clash   // why it came too late, if it did
}

// newTransfer shows the form that transfers: GET /accounts/:id/transfer?q=.
func (p pages) newTransfer(c echo.Context) error {
	return p.transferForm(c, http.StatusOK, form.New(&commands.Transfer{On: p.Today()}), nil)
}

// transfer moves money to another account: POST /accounts/:id/transfer.
func (p pages) transfer(c echo.Context) error {
	cmd := &commands.Transfer{From: c.Param("id")}
	return server.Execute(c, server.Executing{
		Command: cmd, Form: transferring, Done: "The transfer is made.",
		Check: func(ctx context.Context, f *form.Form) error {
			_, err := projections.AccountBalances.Find(ctx, cmd.From)
			return errors.Join(err, p.NotLater(&cmd.On)(ctx, f), checkAccount(ctx, f, cmd.To))
		},
		Same:    func(events []ireneo.AnyEvent) bool { return madeBy(cmd, events) },
		Then:    func([]ireneo.AnyEvent) string { return view.Path(path, cmd.From) },
		Again:   func(status int, f *form.Form) error { return p.transferForm(c, status, f, nil) },
		Refused: func(f *form.Form, err error) error { return p.transferRefused(c, cmd, f, err) },
	})
}

// checkAccount adds a message to the form's field where no account can have the id.
func checkAccount(ctx context.Context, f *form.Form, id string) error {
	if id == "" { // the command says that itself
		return nil
	}
	_, err := projections.AccountBalances.Find(ctx, id)
	if errors.Is(err, ireneo.ErrNotFound) || errors.Is(err, ireneo.ErrInvalidID) {
		f.Add("to", "does not exist")
		return nil
	}
	return err
}

// madeBy reports whether a transfer is what the command asks for.
func madeBy(cmd *commands.Transfer, events []ireneo.AnyEvent) bool {
	return slices.ContainsFunc(events, func(ev ireneo.AnyEvent) bool {
		out, ok := ev.(*account.Withdrawn)
		return ok && out.StreamID() == cmd.From && out.ToID == cmd.To && out.Amount == cmd.Amount && out.Note == cmd.Note && out.On == cmd.On
	})
}

// transferRefused shows a form that was refused, with what happened meanwhile where others
// were too fast.
func (p pages) transferRefused(c echo.Context, cmd *commands.Transfer, f *form.Form, err error) error {
	conflict, ok := errors.AsType[*ireneo.ConflictError](err)
	if !ok {
		f.Take(cmd)
		return p.transferForm(c, http.StatusUnprocessableEntity, f, nil)
	}
	var part ireneo.AnyEvent = &account.Withdrawn{Amount: cmd.Amount, ToID: cmd.To, On: cmd.On}
	if conflict.ID == cmd.To {
		part = &account.Deposited{Amount: cmd.Amount, FromID: cmd.From, On: cmd.On}
	}
	clash, err := view.ClashOf(c.Request().Context(), streams.Account.For(conflict.ID), conflict, f, part, look)
	if err != nil {
		return err
	}
	return p.transferForm(c, http.StatusConflict, f, clash)
}

func (p pages) transferForm(c echo.Context, status int, f *form.Form, clash *view.Clash) error {
	ctx := c.Request().Context()
	from, err := projections.AccountBalances.Find(ctx, c.Param("id"))
	if err != nil {
		return err
	}
	f.Name = transferring
	t := transfer{From: from, Form: f, Clash: clash}
	if err := t.addChoices(ctx, c.QueryParams()); err != nil {
		return err
	}
	return p.Render(c, status, "Transfer money", transferForm(t))
}

// maxChoices is how many accounts can be chosen at once.
const maxChoices = 200

// addChoices looks for the accounts that the money can go to. The one that is in the form
// already is always among them.
func (t *transfer) addChoices(ctx context.Context, query url.Values) error {
	asked, err := projections.Accounts.Read(url.Values{list.TextParam: query[list.TextParam]})
	if err != nil {
		return err
	}
	found, err := projections.Accounts.Find(ctx, list.Query{Text: asked.Text, Filters: map[string]string{"status": projections.Open}, Limit: maxChoices})
	if err != nil {
		return err
	}
	t.List = view.ListOf(string(t.address()), asked, found)
	for _, row := range found.Rows {
		if row.ID != t.From.ID {
			t.To = append(t.To, form.Choice{Value: row.ID, Word: row.Name + " · " + row.CustomerName})
		}
	}
	chosen := t.Form.Value("to")
	if chosen == "" || slices.ContainsFunc(t.To, func(c form.Choice) bool { return c.Value == chosen }) {
		return nil
	}
	names, err := projections.AccountNames(ctx, []string{chosen})
	if name, ok := names[chosen]; ok {
		t.To = append(t.To, form.Choice{Value: chosen, Word: name})
	}
	return err
}

// narrowed reports whether not all accounts can be chosen.
func (t transfer) narrowed() bool { return t.List.Next != "" || t.List.Query.Narrowed() }

// hint says how to find an account that cannot be chosen.
func (t transfer) hint() string {
	if t.narrowed() {
		return "Not in the list? Search for it first."
	}
	return ""
}

// open reports whether anything can still happen to the account.
func (t transfer) open() bool { return t.From.Status == projections.Open }

// back is the page of the account, and address that of the transfer.
func (t transfer) back() templ.SafeURL    { return templ.SafeURL(view.Path(path, t.From.ID)) }
func (t transfer) address() templ.SafeURL { return t.back() + "/transfer" }
