package ireneo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Pause keeps a subscription or projection from going on, in all processes, until Resume:
// what is committed from now on waits. What it is doing at the moment may be done or undone,
// as a whole. Pausing what is paused or stopped does nothing.
func (l *Log) Pause(ctx context.Context, name, reason string) error {
	if _, err := l.delivery(ctx, name); err != nil {
		return err
	}
	_, err := store.Switch(ctx, l.DB(), name, []string{store.Running}, store.Paused, reason, l.now())
	l.runner.Nudge()
	return err
}

// Resume lets a subscription or projection that is paused or has stopped go on where it
// is: what stopped it is tried again.
func (l *Log) Resume(ctx context.Context, name string) error {
	if _, err := l.delivery(ctx, name); err != nil {
		return err
	}
	_, err := store.Switch(ctx, l.DB(), name, []string{store.Paused, store.Stopped}, store.Running, "", l.now())
	l.runner.Nudge()
	return err
}

// Skip lets a subscription that has stopped go on after the batch it stopped at, which it
// never sees again. The batch stays on record among the DeadLetters with the reason, which
// is required. position is its FailedAt, so that nobody skips another batch than the one
// they looked at: where it has not stopped there it is ErrNothingFailed. A projection cannot
// skip: its rows would be wrong ever after.
func (l *Log) Skip(ctx context.Context, name string, position int64, reason string) error {
	s, err := l.delivery(ctx, name)
	switch {
	case err != nil:
		return err
	case reason == "":
		return fmt.Errorf("skip in %s: %w", name, ErrNoReason)
	case s.Kind != "subscription":
		return fmt.Errorf("skip in %s: %w", name, ErrProjection)
	case s.State != store.Stopped || s.FailedPosition == 0:
		return ErrNothingFailed
	case s.FailedPosition != position:
		return fmt.Errorf("%w at position %d: it has stopped at %d", ErrNothingFailed, position, s.FailedPosition)
	}
	batch, err := l.tail.Batch(ctx, s.FailedPosition)
	if err == nil && len(batch) == 0 {
		err = fmt.Errorf("position %d: %w", s.FailedPosition, ErrNotFound)
	}
	if err != nil {
		return err
	}
	err = store.Skip(ctx, l.DB(), s, store.NewDeadLetter(name, batch), reason, l.now())
	l.runner.Nudge()
	return err
}

// Retry hands out once more what a subscription has put aside, in order, and says how many
// batches these are. It does not wait for them, and does not resume a subscription that
// has stopped: see Resume.
func (l *Log) Retry(ctx context.Context, name string) (batches int, err error) {
	if _, err := l.delivery(ctx, name); err != nil {
		return 0, err
	}
	batches, err = store.RetryDeadLetters(ctx, l.DB(), name)
	l.runner.Nudge()
	return batches, err
}

// DeadLetter is a batch that a subscription has put aside or skipped.
type DeadLetter struct {
	Position int64     `json:"position"`
	Streams  []string  `json:"streams"` // type/id
	Error    string    `json:"error"`
	Attempts int       `json:"attempts"` // zero: it is about to be tried again
	Skipped  bool      `json:"skipped"`
	ParkedAt time.Time `json:"parked_at"`
}

// DeadLetters are those of a subscription, in the order of positions.
func (l *Log) DeadLetters(ctx context.Context, name string) ([]DeadLetter, error) {
	if _, err := l.delivery(ctx, name); err != nil {
		return nil, err
	}
	rows, err := store.DeadLetters(ctx, l.DB(), name)
	if err != nil {
		return nil, err
	}
	letters := []DeadLetter{}
	for _, r := range rows {
		touched, err := r.TouchedBy()
		if err != nil {
			return nil, err
		}
		d := DeadLetter{Position: r.Position, Error: r.Error, Attempts: r.Attempts, Skipped: r.Skipped, ParkedAt: r.ParkedAt.UTC()}
		for _, s := range touched {
			d.Streams = append(d.Streams, s.Type+"/"+s.ID)
		}
		slices.Sort(d.Streams)
		d.Streams = slices.Compact(d.Streams)
		letters = append(letters, d)
	}
	return letters, nil
}

// Holder is a transaction that has appended and is still open.
type Holder = store.Holder

// HeldBack are the open transactions that keep what was appended after them from being
// delivered, the one that began first before the others: an append that is under way, as a
// rule for some milliseconds, or a transaction of the host with an AppendTx that does not
// come to its end. On SQLite there are none.
func (l *Log) HeldBack(ctx context.Context) ([]Holder, error) { return l.store.Holders(ctx) }

// delivery reads a cursor.
func (l *Log) delivery(ctx context.Context, name string) (store.Subscription, error) {
	s, err := store.FindSubscription(ctx, l.DB(), name)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return s, fmt.Errorf("%w: %s", ErrUnknownSubscription, name)
	}
	return s, err
}
