// Package keylock gives every key a lock of its own, for as long as somebody wants it.
package keylock

import (
	"context"
	"sync"
)

// Locks is a set of locks by key. The zero value is ready, and safe for
// concurrent use.
type Locks[K comparable] struct {
	mu   sync.Mutex // guards held and the waiters in it
	held map[K]*entry
}

type entry struct {
	waiters int           // holder included; the entry is dropped at zero
	slot    chan struct{} // holds one token while the lock is held
}

// Lock waits until the key's lock is free or ctx is done. On success unlock must
// be called exactly once; waiters are served in no particular order.
func (l *Locks[K]) Lock(ctx context.Context, key K) (unlock func(), err error) {
	e := l.enter(key)

	select {
	case e.slot <- struct{}{}:
		return func() { <-e.slot; l.leave(key, e) }, nil
	case <-ctx.Done():
		l.leave(key, e)
		return nil, context.Cause(ctx)
	}
}

func (l *Locks[K]) enter(key K) *entry {
	l.mu.Lock()
	defer l.mu.Unlock()

	if l.held == nil {
		l.held = map[K]*entry{}
	}
	e := l.held[key]
	if e == nil {
		e = &entry{slot: make(chan struct{}, 1)}
		l.held[key] = e
	}
	e.waiters++
	return e
}

func (l *Locks[K]) leave(key K, e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()

	if e.waiters--; e.waiters == 0 {
		delete(l.held, key)
	}
}
