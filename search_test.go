package ireneo_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// texts are the notes that were found.
func texts(found *ireneo.Found) []string {
	all := []string{}
	for _, e := range found.Events {
		if n, ok := e.Event.(*Noted); ok {
			all = append(all, n.Text)
		} else {
			all = append(all, e.Type)
		}
	}
	return all
}

func wantFound(t *testing.T, ctx context.Context, log *ireneo.Log, s ireneo.Search, want ...string) *ireneo.Found {
	t.Helper()
	found, err := log.Search(ctx, s)
	must(t, err)
	if diff := cmp.Diff(append([]string{}, want...), texts(found)); diff != "" {
		t.Errorf("%+v (-want +got):\n%s", s, diff)
	}
	return found
}

func TestLog_Search(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		wantFound(t, ctx, log, ireneo.Search{})
		noteEach(t, ctx, "a", "one", "two")
		must(t, Account.For("acc").Append(ctx, &Deposited{Amount: 1500}))
		must(t, Journal.For("b").AppendAll(ctx, note("three", "four", "five")))

		wantFound(t, ctx, log, ireneo.Search{}, "five", "four", "three", "account.deposited", "two", "one")
		wantFound(t, ctx, log, ireneo.Search{Oldest: true, Limit: 2}, "one", "two")
		wantFound(t, ctx, log, ireneo.Search{Types: []string{"account.noted"}, Limit: 4}, "five", "four", "three", "two")
		wantFound(t, ctx, log, ireneo.Search{Types: []string{"account.d*"}}, "account.deposited")
		wantFound(t, ctx, log, ireneo.Search{Streams: []string{"journal/a"}}, "two", "one")
		wantFound(t, ctx, log, ireneo.Search{Streams: []string{"journal/a", "account"}}, "account.deposited", "two", "one")
		wantFound(t, ctx, log, ireneo.Search{Where: []ireneo.Condition{{"amount", ">", "1000"}}}, "account.deposited")
		wantFound(t, ctx, log, ireneo.Search{Text: "FIVE"}, "five")
		page := wantFound(t, ctx, log, ireneo.Search{Limit: 2}, "five", "four")
		if !page.More {
			t.Error("nothing more is said to come")
		}
		wantFound(t, ctx, log, ireneo.Search{Limit: 2, Before: page.Events[1].Point()}, "three", "account.deposited")
	})
}
