package ireneo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// commit inserts a batch. Where the answer is lost the same batch, with the same event
// ids, is inserted again for as long as ctx allows: only that tells what became of the
// first. doubtful says that it was so, and what the batch has met may be itself.
func (l *Log) commit(ctx context.Context, batch *store.Batch) (doubtful bool, err error) {
	err = l.store.Insert(ctx, batch)[0]
	if errors.Is(err, store.ErrUnavailable) { // a pooled connection may have been dead: nothing was sent
		err = l.store.Insert(ctx, batch)[0]
	}
	if !errors.Is(err, store.ErrOutcomeUnknown) {
		return false, err
	}
	for p := (pauses{}); p.wait(ctx); {
		if again := l.store.Insert(ctx, batch)[0]; tells(again) && ctx.Err() == nil {
			return true, again
		}
	}
	return true, err
}

// tells reports whether the outcome of an insert says what became of an earlier one of the
// same batch, too: it is there now, or it has met something in the log, or a row of it is
// refused, which is looked at last. That the database has no time or no space says nothing.
func tells(err error) bool {
	return err == nil || met(err) || errors.As(err, new(*store.RowError))
}

// met reports whether an insert met something in the log, of somebody else or of its
// own.
func met(err error) bool {
	return errors.As(err, new(*store.MovedError)) || errors.As(err, new(*MatchedError)) ||
		is(err, store.ErrVersionTaken, store.ErrEventTaken, store.ErrKeyTaken, store.ErrExecuted)
}

// insisting asks the log until it answers, for as long as ctx allows. Where it does not, what
// is doubtful stays so.
func insisting[T any](ctx context.Context, doubtful bool, ask func() (T, error)) (answer T, err error) {
	for p := (pauses{}); ; {
		if answer, err = ask(); !is(err, store.ErrUnavailable, store.ErrBusy) || !p.wait(ctx) {
			break
		}
	}
	if doubtful && err != nil {
		err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return answer, err
}

// pauses grow from a hundredth of a second to a whole one.
type pauses struct{ last time.Duration }

// wait reports whether ctx goes on after the next pause.
func (p *pauses) wait(ctx context.Context) bool {
	p.last = min(max(2*p.last, 10*time.Millisecond), time.Second)
	select {
	case <-time.After(p.last):
		return true
	case <-ctx.Done():
		return false
	}
}
