package ireneo_test

import (
	"context"
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo"
)

type depositedInWords struct {
	ireneo.Event `name:"account.deposited"`
	Amount       string `json:"amount"`
}

// What does not fit is named in the words of the payload, without what is stored there.
func TestLog_Search_ProblemsNameTheField(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 4711}))
		log = sibling(t, log, ireneo.Config{Events: []ireneo.EventType{ireneo.TypeOf[depositedInWords]()}})
		found := wantFound(t, ctx, log, ireneo.Search{}, "account.deposited").Events[0]
		if want := "decode account.deposited at account/a version 1: amount is stored as something else than string"; found.Problem != want {
			t.Errorf("got %s, want %s", found.Problem, want)
		}
	})
}

type depositedBadly struct {
	ireneo.Event `name:"account.deposited"`
}

func (depositedBadly) Upcasts() []ireneo.Upcast {
	return []ireneo.Upcast{func(map[string]any) error { panic("no such currency") }}
}

// A type that panics hides no other event.
func TestLog_Search_ATypeThatPanics(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 1}, &Noted{Text: "seen"}}))
		log = sibling(t, log, ireneo.Config{Events: []ireneo.EventType{ireneo.TypeOf[depositedBadly](), ireneo.TypeOf[Noted]()}})
		found := wantFound(t, ctx, log, ireneo.Search{}, "seen", "account.deposited")
		if got := found.Events[1].Problem; !strings.Contains(got, "its type panics when it is read: no such currency") {
			t.Errorf("got %s", got)
		}
		wantFound(t, ctx, log, where("text", "=", "seen"), "seen")
	})
}
