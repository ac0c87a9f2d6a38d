package runner

import (
	"context"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

// parked are the streams of which batches were put aside, with the position of the first.
type parked map[store.Stream]int64

// holds is the position that a batch has to wait for, zero where it need not.
func (p parked) holds(batch []store.Record) int64 {
	for _, r := range batch {
		if first := p[r.Stream]; first > 0 {
			return first
		}
	}
	return 0
}

func (p parked) add(streams []store.Stream, position int64) {
	for _, s := range streams {
		if p[s] == 0 {
			p[s] = position
		}
	}
}

// park puts a batch aside and moves the cursor past it.
func (w *worker) park(ctx context.Context, batch []store.Record, failed error, attempts int) error {
	letter := store.NewDeadLetter(w.job.Name, batch)
	letter.Error, letter.Attempts, letter.ParkedAt = failed.Error(), attempts, store.Now()
	err := w.runner.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := store.SaveDeadLetter(ctx, tx, letter); err != nil {
			return err
		}
		return store.Advance(ctx, tx, w.sub, letter.Position, store.Now())
	})
	if err != nil {
		return err
	}
	w.sub.Position = letter.Position
	w.seen.Store(letter.Position)
	streams, err := letter.TouchedBy()
	w.parked.add(streams, letter.Position)
	return err
}

// loadParked finds out which streams are held, after it has tried again what is due.
func (w *worker) loadParked(ctx context.Context) error {
	w.parked = parked{}
	if !w.job.Park {
		return nil
	}
	letters, err := store.DeadLetters(ctx, w.runner.DB, w.job.Name)
	if err != nil {
		return err
	}
	for _, letter := range letters {
		if letter.Skipped {
			continue
		}
		if err := w.unpark(ctx, letter); err != nil {
			return err
		}
	}
	return nil
}

// unpark tries a batch that was put aside again where it is due, unless one before it in
// its streams still is aside.
func (w *worker) unpark(ctx context.Context, letter store.DeadLetter) error {
	streams, err := letter.TouchedBy()
	if err != nil {
		return err
	}
	if letter.Attempts > 0 {
		w.parked.add(streams, letter.Position)
		return nil
	}
	batch, err := w.runner.Tail.Batch(ctx, letter.Position)
	if err != nil {
		return err
	}
	letter.Attempts, letter.Error = 1, "waits for one before it of the same stream"
	batch, failed := w.job.Keep(batch)
	if failed == nil && w.parked.holds(batch) == 0 {
		if failed, err = w.redeliver(ctx, letter, batch); failed == nil || err != nil {
			return err
		}
	}
	if failed != nil {
		letter.Error = failed.Error()
	}
	w.parked.add(streams, letter.Position)
	return store.SaveDeadLetter(ctx, w.runner.DB, letter)
}

// redeliver hands out a batch that was put aside, and removes it from there.
func (w *worker) redeliver(ctx context.Context, letter store.DeadLetter, batch []store.Record) (failed, err error) {
	if len(batch) == 0 { // it is not for the job any more
		return nil, store.RemoveDeadLetter(ctx, w.runner.DB, letter)
	}
	if !w.job.InTx {
		if err := w.check(ctx); err != nil {
			return nil, err
		}
		if failed = w.call(ctx, nil, tail.Page{batch}); failed != nil {
			return failed, w.check(ctx)
		}
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
	}
	err = w.runner.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if w.job.InTx {
			if failed = w.call(ctx, tx, tail.Page{batch}); failed != nil {
				return failed
			}
		}
		if err := store.RemoveDeadLetter(ctx, tx, letter); err != nil || !w.job.InTx {
			return err
		}
		return store.Hold(ctx, tx, w.sub, store.Now())
	})
	if failed != nil {
		return failed, w.check(ctx)
	}
	if err == nil {
		w.work.Committed()
	}
	return nil, err
}
