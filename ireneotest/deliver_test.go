package ireneotest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

type sent struct {
	ireneo.Event `name:"letter.sent"`
}

var letter = &ireneo.Stream{Type: "letter", Purpose: "A letter"}

func TestDeliver(t *testing.T) {
	var fail error
	handled := 0
	config := ireneo.Config{
		Streams: []*ireneo.Stream{letter}, Events: []ireneo.EventType{ireneo.TypeOf[sent]()},
		Subscriptions: []*ireneo.Subscription{{Name: "letters", Attempts: 1, Handle: func(context.Context, ireneo.Batch) error {
			handled++
			return fail
		}}},
	}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		handled, fail = 0, nil
		ireneotest.Deliver(t, log)
		ctx := ireneo.WithLog(t.Context(), log)
		for want := 1; want <= 3; want++ {
			if err := letter.For("a").Append(ctx, &sent{}); err != nil {
				t.Fatal(err)
			}
			ireneotest.Deliver(t, log)
			if handled != want {
				t.Errorf("%d letters are handled, want %d", handled, want)
			}
		}

		fail = errors.New("the post office is closed")
		if err := letter.For("a").Append(ctx, &sent{}); err != nil {
			t.Fatal(err)
		}
		failed := &failing{TB: t}
		func() {
			defer func() { _ = recover() }()
			ireneotest.Deliver(failed, log)
		}()
		if !failed.fatal {
			t.Error("a subscription that stops does not fail the test")
		}
	})
}

// failing is a test that notes that it fails.
type failing struct {
	testing.TB
	fatal bool
}

func (f *failing) Fatalf(string, ...any) {
	f.fatal = true
	panic("this test ends here")
}
