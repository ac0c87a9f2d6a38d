package keylock

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestLock_OneHolderAKey(t *testing.T) {
	var locks Locks[string]
	var wg sync.WaitGroup
	counts := map[string]*int{"a": new(int), "b": new(int)} // unguarded on purpose: the race detector watches

	for key, n := range counts {
		for range 16 {
			wg.Go(func() {
				for range 100 {
					unlock, err := locks.Lock(t.Context(), key)
					if err != nil {
						t.Error(err)
						return
					}
					*n++
					unlock()
				}
			})
		}
	}
	wg.Wait()

	if *counts["a"] != 1600 || *counts["b"] != 1600 {
		t.Errorf("got %d and %d, want 1600 each", *counts["a"], *counts["b"])
	}
	if len(locks.held) != 0 {
		t.Errorf("%d locks are kept after the last holder left", len(locks.held))
	}
}

func TestLock_StopsWaitingWithItsContext(t *testing.T) {
	var locks Locks[int]
	unlock, err := locks.Lock(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	if _, err := locks.Lock(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	unlock()
	if _, err := locks.Lock(t.Context(), 1); err != nil {
		t.Errorf("after unlock: %v", err)
	}
}
