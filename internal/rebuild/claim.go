package rebuild

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Claim stores next in place of the rebuild before, for a new owner. It is
// [store.ErrFenced] where somebody was faster.
func Claim(ctx context.Context, db *gorm.DB, before, next store.Rebuild, lease time.Duration) (store.Rebuild, error) {
	now := store.Now()
	if next.StartedAt.IsZero() {
		next.StartedAt = now
	}
	next.Error, next.ChangedAt = "", now
	next.Replaced, next.ReplacedFilter = before.Replaced, before.ReplacedFilter
	next.Epoch, next.Owner, next.LeaseUntil = before.Epoch+1, uuid.NewString(), now.Add(lease)
	claimed, err := next.Claim(ctx, db, now)
	if err == nil && !claimed {
		err = store.ErrFenced
	}
	return next, err
}

// Throttled calls report some times a second, and where it is over. Nil is never called.
func Throttled[T any](report func(T), over func(T) bool) func(T) {
	var last time.Time
	return func(t T) {
		if report != nil && (over(t) || time.Since(last) > often) {
			last = time.Now()
			report(t)
		}
	}
}

// often is how often a report is made.
const often = 250 * time.Millisecond

// noticed is how long it takes at most until one that was canceled elsewhere notices.
const noticed = time.Second

// Keep prolongs the lease of a rebuild that was claimed, until stop is called. The context
// it returns ends with [store.ErrFenced] as its cause where the rebuild was canceled, and
// with [store.ErrUnavailable] where the lease could not be prolonged in time.
func Keep(ctx context.Context, db *gorm.DB, r store.Rebuild, lease time.Duration) (kept context.Context, stop func()) {
	kept, end := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		renewed := time.Now()
		tick := time.NewTicker(min(noticed, lease/4))
		defer tick.Stop()
		for {
			select {
			case <-kept.Done():
				return
			case <-tick.C:
			}
			began := time.Now()
			err := r.Renew(kept, db, store.Now().Add(lease))
			switch {
			case err == nil:
				renewed = began
			case errors.Is(err, store.ErrFenced):
				end(err)
				return
			case time.Since(renewed) > lease:
				end(fmt.Errorf("%w: the lease could not be prolonged in time: %w", store.ErrUnavailable, err))
				return
			}
		}
	}()
	return kept, func() {
		end(nil)
		<-done
	}
}
