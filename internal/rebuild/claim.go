package rebuild

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Now is the time as the database keeps it. Leases are about processes, so it is nobody's
// clock but the machine's.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// noticed is how long it takes at most until one that was canceled elsewhere notices.
const noticed = time.Second

// Keep prolongs the lease of a rebuild that was claimed, until stop is called. The context
// it returns ends with [store.ErrFenced] as its cause where the rebuild was canceled, or
// the lease could not be prolonged in time.
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
			err := r.Renew(kept, db, Now().Add(lease))
			switch {
			case err == nil:
				renewed = began
			case errors.Is(err, store.ErrFenced) || time.Since(renewed) > lease:
				end(store.ErrFenced)
				return
			}
		}
	}()
	return kept, func() {
		end(nil)
		<-done
	}
}
