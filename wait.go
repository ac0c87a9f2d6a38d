package ireneo

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// asked is how often WaitFor asks how far a projection has come.
const asked = 10 * time.Millisecond

// WaitFor waits until the rows of projections show what was committed up to a position, so
// that whoever wrote reads it. Projections written with the append always do. It returns
// ErrBehind where ctx ends before, and ErrStopped at once where a projection does not go
// on by itself: it is paused, has stopped, or selects other events than its rows are of. It
// does not know whether anybody Runs: give ctx an end.
func (l *Log) WaitFor(ctx context.Context, position int64, projections ...AnyProjection) error {
	var names []string
	for _, p := range projections {
		name := p.Name()
		switch {
		case l.readModels[name] == nil:
			return fmt.Errorf("wait for %s: %w", name, ErrNotMaterialized)
		case l.isAsync(name):
			names = append(names, name)
		}
	}
	if len(names) == 0 || position <= 0 {
		return nil
	}
	target, err := l.reached(ctx, position)
	for i := 0; i < len(names) && err == nil; i++ {
		err = l.waitFor(ctx, names[i], target)
	}
	return err
}

func (l *Log) isAsync(name string) bool {
	for _, a := range l.asyncs {
		if a.projection.name == name {
			return true
		}
	}
	return false
}

// reached is the last position up to one that holds something: what was drawn by an append
// that was undone is never delivered.
func (l *Log) reached(ctx context.Context, position int64) (int64, error) {
	last, err := l.first(ctx, store.Query{Order: store.NewestFirst, UpToPosition: position})
	if err != nil && ctx.Err() != nil {
		err = errors.Join(ErrBehind, err)
	}
	return last.Position, err
}

func (l *Log) waitFor(ctx context.Context, name string, target int64) error {
	tick := time.NewTicker(asked)
	defer tick.Stop()
	for {
		if l.runner.Seen(name) >= target {
			return nil
		}
		s, err := store.FindSubscription(ctx, l.DB(), name)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("wait for %s: %w", name, errors.Join(ErrBehind, ctx.Err()))
		case errors.Is(err, gorm.ErrRecordNotFound): // Run has never run
		case err != nil:
			return err
		case s.Position >= target:
			return nil
		case s.Filter != l.filterOf(name) && !s.Led(time.Now()):
			return fmt.Errorf("wait for %s: %w: it selects other events than its rows are of: rebuild it", name, ErrStopped)
		case s.State != store.Running:
			return fmt.Errorf("wait for %s: %w: %s: %s", name, ErrStopped, s.State, s.Reason)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// filterOf describes what a declared job selects.
func (l *Log) filterOf(name string) string {
	for _, j := range l.runner.Jobs {
		if j.Name == name {
			return j.Filter
		}
	}
	return ""
}

type lastAppendedKey struct{}

// LastAppended returns a context of which last says, at any time, the greatest position
// that was appended to a log through it, for WaitFor; zero while there was nothing.
func LastAppended(ctx context.Context) (noting context.Context, last func() int64) {
	position := &atomic.Int64{}
	return context.WithValue(ctx, lastAppendedKey{}, position), position.Load
}

// noteAppended tells the context what was appended.
func noteAppended(ctx context.Context, records []store.Record) {
	position, ok := ctx.Value(lastAppendedKey{}).(*atomic.Int64)
	if !ok || len(records) == 0 {
		return
	}
	for {
		before := position.Load()
		if before >= records[0].Position || position.CompareAndSwap(before, records[0].Position) {
			return
		}
	}
}
