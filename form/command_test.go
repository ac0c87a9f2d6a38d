package form_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// settle pays two bills at once.
type settle struct {
	ireneo.Command `name:"bill.settle"`

	Bill   string     `json:"bill" form:"-" validate:"required"`
	Other  string     `json:"other" validate:"required"`
	Amount int64      `json:"amount" form:"money" validate:"gt=0"`
	On     civil.Date `json:"on" label:"Date" validate:"required"`
}

func (c *settle) Handle(ctx context.Context, b *ireneo.Boundary) error {
	if c.Other == c.Bill {
		return b.Reject("other", "is the same one")
	}
	for _, id := range []string{c.Bill, c.Other} {
		of, err := ireneo.Load(ctx, b, bills.For(id), bills.Consistency.(*ireneo.Projection[bill]))
		if err != nil {
			return err
		}
		of.Append(&Paid{Amount: c.Amount, On: c.On})
	}
	return nil
}

// A command is read from a form as an event is: its own fields, and no others.
func TestDecode_Command(t *testing.T) {
	cmd := &settle{Bill: "1"}
	sent := url.Values{"_key": {keyOne}, "other": {"2"}, "amount": {"1.50"}, "on": {"2026-01-31"}}
	f, err := form.Decode(request(urlencoded, sent.Encode()), cmd)
	if err != nil || !f.Valid() {
		t.Fatalf("got %v, %q", err, f.Messages(""))
	}
	if cmd.Bill != "1" || cmd.Other != "2" || cmd.Amount != 150 || cmd.On.String() != "2026-01-31" || f.Name != "bill-settle" || f.Key() != keyOne {
		t.Errorf("form %s with the key %s made %+v", f.Name, f.Key(), cmd)
	}
	again := f.Event().(*settle)
	if again == cmd || again.Other != "2" || again.Amount != 150 || again.Bill != "" {
		t.Errorf("Event makes %+v", again)
	}

	sent.Set("bill", "3")
	sent.Set("amount", "ten")
	f, err = form.Decode(request(urlencoded, sent.Encode()), cmd)
	if err != nil {
		t.Fatal(err)
	}
	got := append(f.Messages(""), f.Messages("amount")...)
	want := []string{"This form has no such field: bill", "Amount must be an amount such as 1,234.56"}
	if diff := cmp.Diff(want, got); diff != "" || cmd.Bill != "1" {
		t.Errorf("the bill is %s, messages differ (-want +got):\n%s", cmd.Bill, diff)
	}
}

func TestNew_Command(t *testing.T) {
	f := form.New(&settle{Amount: 150})
	var page strings.Builder
	if err := f.Field("amount").Render(t.Context(), &page); err != nil || !strings.Contains(page.String(), `id="bill-settle-amount"`) || f.Value("amount") != "1.50" {
		t.Errorf("got %q, %v\n%s", f.Value("amount"), err, page.String())
	}
}

// What is said of a command that was refused stands where it was typed: by its tags, by
// its Handle, and by a stream that it would have appended to.
func TestForm_TakeOfACommand(t *testing.T) {
	log := ireneotest.SQLite(t, ireneo.Config{Streams: []*ireneo.Stream{bills}})
	for name, tt := range map[string]struct {
		other, amount, field, message string
	}{
		"tags":   {"2", "0", "amount", "Amount must be greater than 0"},
		"handle": {"1", "1", "other", "Other is the same one"},
		"stream": {"2", "10.01", "", "Led to invalid state: Paid must be 1,000 or less"},
	} {
		cmd := &settle{Bill: "1"}
		f, err := form.Decode(request(urlencoded, url.Values{"other": {tt.other}, "amount": {tt.amount}, "on": {"2026-01-31"}}.Encode()), cmd)
		if err != nil || !f.Valid() {
			t.Fatalf("%s: got %v", name, err)
		}
		if _, err := ireneo.Execute(ireneo.WithLog(t.Context(), log), cmd); err == nil {
			t.Errorf("%s: it is executed", name)
		}
		f.Take(cmd)
		if diff := cmp.Diff([]string{tt.message}, f.Messages(tt.field)); diff != "" || f.Valid() {
			t.Errorf("%s: messages differ (-want +got):\n%s", name, diff)
		}
	}
}
