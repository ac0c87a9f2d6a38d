package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

func declared(t *testing.T, s store.Store) store.Subscription {
	t.Helper()
	must(t, store.Declare(t.Context(), s.DB(), store.Subscription{Name: "a", Kind: "subscription", State: store.Running, LeaseUntil: noon, ChangedAt: noon}))
	return found(t, s)
}

func found(t *testing.T, s store.Store) store.Subscription {
	t.Helper()
	sub, err := store.FindSubscription(t.Context(), s.DB(), "a")
	must(t, err)
	return sub
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// subscriptionsDeclare declares one twice: the second changes nothing.
func subscriptionsDeclare(t *testing.T, s store.Store) {
	sub := declared(t, s)
	must(t, store.Advance(t.Context(), s.DB(), sub, 7, noon))
	if again := declared(t, s); again.Position != 7 || !again.LeaseUntil.Equal(noon) {
		t.Errorf("got %+v", again)
	}
}

// subscriptionsLead has many want to lead at once: one does.
func subscriptionsLead(t *testing.T, s store.Store) {
	sub := declared(t, s)
	var wg sync.WaitGroup
	var mu sync.Mutex
	var leaders []string
	for _, owner := range []string{"x", "y", "z", "w"} {
		wg.Go(func() {
			led, err := store.Lead(t.Context(), s.DB(), sub, owner, noon, noon.Add(time.Second))
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if led {
				leaders = append(leaders, owner)
			}
		})
	}
	wg.Wait()
	now := found(t, s)
	if len(leaders) != 1 || now.Owner != leaders[0] || now.Epoch != 1 {
		t.Fatalf("%v lead, on record is %+v", leaders, now)
	}

	for at, want := range map[time.Time]bool{noon.Add(time.Second): false, noon.Add(time.Second + time.Microsecond): true} {
		if now.Free(at) != want {
			t.Errorf("at %s it is free: %t", at, !want)
		}
	}
	if led, err := store.Lead(t.Context(), s.DB(), now, "v", noon.Add(time.Second), noon.Add(time.Hour)); led || err != nil {
		t.Errorf("somebody leads before the lease has ended: %v", err)
	}
	must(t, store.Renew(t.Context(), s.DB(), leaders[0], noon.Add(time.Minute)))
	if led, err := store.Lead(t.Context(), s.DB(), now, "v", noon.Add(2*time.Second), noon.Add(time.Hour)); led || err != nil {
		t.Errorf("somebody leads in spite of the renewal: %v", err)
	}
	must(t, store.Release(t.Context(), s.DB(), leaders[0]))
	if led, err := store.Lead(t.Context(), s.DB(), now, "v", noon, noon.Add(time.Hour)); !led || err != nil {
		t.Errorf("nobody leads what was given up: %v", err)
	}
}

// subscriptionsFenced moves, holds and halts as one who is not up to date.
func subscriptionsFenced(t *testing.T, s store.Store) {
	sub := declared(t, s)
	otherEpoch, otherPosition := sub, sub
	otherEpoch.Epoch++
	otherPosition.Position++
	try := func(sub store.Subscription) []error {
		return []error{
			store.Advance(t.Context(), s.DB(), sub, 9, noon),
			store.Hold(t.Context(), s.DB(), sub, noon),
			store.Halt(t.Context(), s.DB(), sub, 1, 1, "why", noon),
		}
	}
	for _, stale := range []store.Subscription{otherEpoch, otherPosition} {
		for i, err := range try(stale) {
			if !errors.Is(err, store.ErrFenced) {
				t.Errorf("%d as %+v: got %v", i, stale, err)
			}
		}
	}
	done, err := store.Switch(t.Context(), s.DB(), "a", []string{store.Running}, store.Paused, "why", noon)
	if !done || err != nil {
		t.Fatalf("it is not paused: %v", err)
	}
	for i, err := range try(sub) {
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("%d while paused: got %v", i, err)
		}
	}
	if err := store.Pass(t.Context(), s.DB(), otherEpoch, 9, noon); !errors.Is(err, store.ErrFenced) {
		t.Errorf("passed by somebody else: got %v", err)
	}
	if led, err := store.Lead(t.Context(), s.DB(), sub, "x", noon.Add(time.Second), noon); led || err != nil {
		t.Errorf("somebody leads while it is paused: %v", err)
	}
	if now := found(t, s); now.Position != 0 || now.Reason != "why" {
		t.Errorf("on record is %+v", now)
	}
	if done, err := store.Switch(t.Context(), s.DB(), "a", []string{store.Running}, store.Paused, "", noon); done || err != nil {
		t.Errorf("it is paused twice: %v", err)
	}
}
