//go:build !ireneo_alone

package groupcommit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/ireneo-dev/ireneo/store"
)

func TestDrain_WaitsForAllThatEnteredBefore(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		b := f.enter("a", 2, a)
		other := f.enter("b", 1, nil)
		drained := f.drained("a")
		must(t, f.c.Drain(f.Context(), store.Stream{Type: "s", ID: "elsewhere"}))
		held.pass()
		group := f.next("a2 b1")
		f.wantWaiting(drained)
		group.pass()
		must(t, <-drained)
		for _, o := range []*owner{b, other} {
			o.wants(Committed, nil)
		}
		a.wants(Alone, nil)
	})
}

// drained asks in the background.
func (f *fixture) drained(stream string) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f.c.Drain(f.Context(), store.Stream{Type: "s", ID: stream}) }()
	synctest.Wait()
	return done
}

// wantWaiting checks that nothing is said yet.
func (f *fixture) wantWaiting(done <-chan error) {
	f.Helper()
	synctest.Wait()
	select {
	case err := <-done:
		f.Errorf("it did not wait: %v", err)
	default:
	}
}

// Who gives up waiting is in nobody's way.
func TestDrain_MayBeGivenUp(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 1, nil)
		held := f.next("a1")
		ctx, cancel := context.WithCancelCause(f.Context())
		cancel(errGone)
		if err := f.c.Drain(ctx, store.Stream{Type: "s", ID: "a"}); !errors.Is(err, errGone) {
			t.Errorf("got %v", err)
		}
		b := f.enter("a", 2, a)
		held.pass()
		f.next("a2").pass()
		a.wants(Alone, nil)
		b.wants(Alone, nil)
	})
}

var errGone = errors.New("gone")

// Who leaves from between two does not let the one behind pass the one before.
func TestDrain_WaitsAlsoForWhoIsBeforeOneThatLeft(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 0, nil)
		held := f.next("a0")
		b := f.enter("a", 0, nil)
		drained := f.drained("a")
		b.endWaiting()
		b.wants(0, context.Canceled)
		f.wantWaiting(drained)
		again := f.drained("a")
		f.wantWaiting(again)
		held.pass()
		must(t, <-drained)
		must(t, <-again)
		a.wants(Alone, nil)
	})
}

func TestDrain_WaitsAlsoForWhoIsBeforeSeveralThatLeft(t *testing.T) {
	each(t, 1, func(f *fixture) {
		a := f.enter("a", 0, nil)
		held := f.next("a0")
		for _, o := range []*owner{f.enter("a", 0, nil), f.enter("a", 0, nil)} {
			o.endWaiting()
			o.wants(0, context.Canceled)
		}
		drained := f.drained("a")
		f.wantWaiting(drained)
		held.pass()
		must(t, <-drained)
		a.wants(Alone, nil)
	})
}

// So it is with those that come after.
func TestEnter_StaysInOrderWhereOneHasLeft(t *testing.T) {
	each(t, 2, func(f *fixture) {
		a := f.enter("a", 0, nil)
		held := f.next("a0")
		b, c := f.enter("a", 0, nil), f.enter("a", 0, nil)
		b.endWaiting()
		b.wants(0, context.Canceled)
		d := f.enter("a", 0, nil)
		other := f.enter("b", 0, nil)
		f.next("b0").pass() // those of a are not ready
		held.pass()
		f.next("a0 a0").pass()
		a.wants(Alone, nil)
		other.wants(Alone, nil)
		c.wants(Committed, nil)
		d.wants(Committed, nil)
	})
}

// Nor is what was decided on a failure in the way of others, or lets them pass.
func TestDrain_WaitsAlsoForWhoIsBeforeOneThatIsSuperseded(t *testing.T) {
	each(t, 2, func(f *fixture) {
		a := f.enter("a", 1, nil)
		first := f.next("a1")
		b := f.enter("a", 1, nil) // not decided on a
		c := f.enter("a", 2, a)
		drained := f.drained("a")
		first.fail(errGone)
		a.wants(Alone, errGone)
		c.wants(0, ErrSuperseded)
		held := f.next("a1")
		f.wantWaiting(drained)
		held.pass()
		must(t, <-drained)
		b.wants(Alone, nil)
	})
}
