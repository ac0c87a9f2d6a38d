package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// patience is what a wake-up may take before a test gives it up.
const patience = 10 * time.Second

// listener is a Listen that has begun.
type listener struct {
	wakes chan struct{} // holds one
	ended chan error
	end   context.CancelFunc
}

// listen returns when the store listens. It ends with the test.
func listen(t *testing.T, s store.Store) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	l := &listener{wakes: make(chan struct{}, 1), ended: make(chan error, 1), end: cancel}
	go func() {
		l.ended <- s.Listen(ctx, func() {
			select {
			case l.wakes <- struct{}{}:
			default:
			}
		})
	}()
	l.wait(t)

	return l
}

// wait waits for a wake-up and tells how long that took.
func (l *listener) wait(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	select {
	case <-l.wakes:
	case err := <-l.ended:
		t.Fatalf("it listens no more: %v", err)
	case <-time.After(patience):
		t.Fatal("nobody was woken")
	}

	return time.Since(began)
}

func (l *listener) result(t *testing.T) error {
	t.Helper()
	select {
	case err := <-l.ended:
		return err
	case <-time.After(patience):
		t.Fatal("it still listens")
		return nil
	}
}

// Each way of inserting wakes, within 100 ms unless the machine is busy with something
// else all the time.
func listenAnother(t *testing.T, s, other store.Store) {
	balances(t, s)
	l := listen(t, s)
	a := account("a")
	calling := store.Row{Of: "Balance", Write: func(_ context.Context, tx *gorm.DB) error {
		return tx.Create(&Balance{ID: "called"}).Error
	}}

	for name, batches := range map[string][]*store.Batch{
		"one record":   {batchOf(event(a, 0))},
		"many batches": {batchOf(event(a, 0)), batchOf(event(a, 0), event(a, 0))},
		"a row":        {{Records: []store.Record{event(a, 0)}, Rows: []store.Row{balance("b", 1)}}},
		"Write":        {{Records: []store.Record{event(a, 0)}, Rows: []store.Row{calling}}},
	} {
		insert(t, other, batches...)
		fastest := l.wait(t)
		for range 10 {
			if fastest < 100*time.Millisecond {
				break
			}
			insert(t, other, batchOf(event(a, 0)))
			fastest = min(fastest, l.wait(t))
		}
		if fastest >= 100*time.Millisecond {
			t.Errorf("%s: woken after %s", name, fastest)
		}
	}
}

// What a process commits before it ends wakes the others as well.
func listenEnded(t *testing.T, s, other store.Store) {
	l := listen(t, s)
	insert(t, other, batchOf(event(account("a"), 1)))
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	l.wait(t)
}

// A wake that takes its time, which it must not, holds up its own Listen only, and that
// one catches up.
func listenSlow(t *testing.T, s, other store.Store) {
	woken, proceed, calls := make(chan struct{}), make(chan struct{}), 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		ended <- s.Listen(ctx, func() {
			if calls++; calls == 1 {
				close(woken)
				<-proceed
				return
			}
			cancel()
		})
	}()

	<-woken
	for version := range int64(20) {
		insert(t, other, batchOf(event(account("a"), version+1)))
		insert(t, s, batchOf(event(account("b"), version+1)))
	}
	close(proceed)
	if err := (&listener{ended: ended}).result(t); err != nil || calls < 2 {
		t.Errorf("got %v after %d wake-ups", err, calls)
	}
}

func listenEnds(t *testing.T, s store.Store) {
	l := listen(t, s)
	l.end()
	if err := l.result(t); err != nil {
		t.Errorf("got %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Listen(ended, func() { t.Error("woken") }); err != nil {
		t.Errorf("its context had ended: got %v", err)
	}
}

func listenClosed(t *testing.T, s store.Store) {
	one, two := listen(t, s), listen(t, s)
	insert(t, s, batchOf(event(account("a"), 1)))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{one.result(t), two.result(t), s.Listen(t.Context(), func() { t.Error("woken") })} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	}
}

// A panic is the caller's, but leaves the store as it was.
func listenPanics(t *testing.T, s store.Store) {
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		_ = s.Listen(t.Context(), func() { panic("no") })
	}()

	listen(t, s)
	insert(t, s, batchOf(event(account("a"), 1)))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
