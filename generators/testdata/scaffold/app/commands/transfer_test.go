package commands_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/commands"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/debt"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// validTransfer is one that nothing is wrong with.
func validTransfer() *commands.Transfer {
	return &commands.Transfer{From: "debt-1", To: "debt-2", Amount: 100_000}
}

// beforeTransfer is what has happened before it: the streams that it is about have begun.
func beforeTransfer(t *testing.T) *ireneotest.History {
	t.Helper()
	h, cmd := ireneotest.Commands(t, application), validTransfer()
	for _, begun := range []struct {
		stream *ireneo.Handle
		sample string
		ev     ireneo.AnyEvent
	}{
		{streams.Debt.For(cmd.From), "debt/testdata/issued.v1.json", &debt.Issued{}},
		{streams.Debt.For(cmd.To), "debt/testdata/issued.v1.json", &debt.Issued{}},
	} {
		data, err := os.ReadFile("../events/" + begun.sample)
		if err := errors.Join(err, json.Unmarshal(data, begun.ev)); err != nil {
			t.Fatal(err)
		}
		h.Given(begun.stream, begun.ev)
	}
	return h
}

func TestTransfer_Rejected(t *testing.T) {
	for name, tt := range map[string]struct {
		breakIt        func(*commands.Transfer)
		field, message string
	}{
		"no from":          {func(c *commands.Transfer) { c.From = "" }, "from", "From is required"},
		"long from":        {func(c *commands.Transfer) { c.From = strings.Repeat("a", 256) }, "from", "From must be a maximum of 255 characters in length"},
		"no to":            {func(c *commands.Transfer) { c.To = "" }, "to", "To is required"},
		"long to":          {func(c *commands.Transfer) { c.To = strings.Repeat("a", 256) }, "to", "To must be a maximum of 255 characters in length"},
		"same from and to": {func(c *commands.Transfer) { c.To = c.From }, "to", "To cannot be equal to From"},
		"no amount":        {func(c *commands.Transfer) { c.Amount = 0 }, "amount", "Amount must be greater than 0"},
		"unknown from":     {func(c *commands.Transfer) { c.From = "nowhere" }, "from", "From does not exist"},
		"unknown to":       {func(c *commands.Transfer) { c.To = "nowhere" }, "to", "To does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := validTransfer()
			tt.breakIt(cmd)
			beforeTransfer(t).When(cmd).ThenRejected(tt.field, tt.message)
		})
	}
}

// Once Handle appends something, say here what: Then(streams.Debt.For("debt-1"), event).
func TestTransfer_Accepted(t *testing.T) {
	beforeTransfer(t).When(validTransfer()).ThenNothing()
}
