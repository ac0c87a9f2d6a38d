package ireneo_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
)

// Case is a stream with a lifecycle and nothing else: no state is folded for it.
var Case = &ireneo.Stream{Type: "case", Purpose: "Opened, noted upon, closed", CreatedBy: "account.opened", ClosedBy: "account.closed"}

func TestStream_Lifecycle(t *testing.T) {
	each(t, with([]*ireneo.Stream{Case}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		refused := func(at context.Context, want error, events ...ireneo.AnyEvent) {
			t.Helper()
			err := Case.For("a").AppendAll(at, events)
			var lifecycle *ireneo.LifecycleError
			if !errors.Is(err, want) || !errors.As(err, &lifecycle) || lifecycle.Stream != "case" || lifecycle.ID != "a" {
				t.Errorf("got %v, want %v", err, want)
			}
		}
		other := ireneo.WithLog(ctx, sibling(t, log, with([]*ireneo.Stream{Case})))

		refused(ctx, ireneo.ErrNotCreated, &Noted{})
		refused(ctx, ireneo.ErrNotCreated, &Noted{}, &Opened{Owner: "Ana"})
		must(t, Case.For("a").Append(other, &Opened{Owner: "Ana"}))
		must(t, Case.For("a").Append(ctx, &Noted{})) // this process had seen an empty stream
		refused(ctx, ireneo.ErrAlreadyCreated, &Opened{Owner: "Bob"})
		refused(other, ireneo.ErrAlreadyCreated, &Opened{Owner: "Bob"})
		refused(ctx, ireneo.ErrClosed, &Closed{}, &Noted{})
		must(t, Case.For("a").Append(other, &Closed{}))
		refused(ctx, ireneo.ErrClosed, &Noted{})
		refused(other, ireneo.ErrClosed, &Closed{})
		wantVersion(t, ctx, Case.For("a"), 3)
	})
}

func TestStream_LifecycleKnowsAliases(t *testing.T) {
	type Archived struct {
		ireneo.Event `name:"account.archived" aliases:"account.closed"`
	}
	renamed := *Case
	renamed.ClosedBy = "account.archived"
	newer := config()
	newer.Streams = []*ireneo.Stream{&renamed}
	newer.Events = []ireneo.EventType{ireneo.TypeOf[Opened](), ireneo.TypeOf[Noted](), ireneo.TypeOf[Archived]()}
	each(t, with([]*ireneo.Stream{Case}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Case.For("a").AppendAll(ctx, []ireneo.AnyEvent{&Opened{Owner: "Ana"}, &Closed{}}))
		ctx = ireneo.WithLog(ctx, sibling(t, log, newer))
		wantError(t, renamed.For("a").Append(ctx, &Noted{}), ireneo.ErrClosed)
	})
}

func TestStream_ClosedStaysClosedForWhatHappenedEarlier(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 1}))
		must(t, a.Append(ctx, &Closed{}))
		wantError(t, a.Append(ctx, &Deposited{Amount: 1}, ireneo.At(time.Now().AddDate(-1, 0, 0))), ireneo.ErrClosed)
		wantVersion(t, ctx, a, 2)
	})
}
