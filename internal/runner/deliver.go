package runner

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

var (
	errHalted     = errors.New("the job has stopped until somebody lets it go on")
	errStepsAside = errors.New("the job takes a newer program")
)

const (
	longest = 30 * time.Second // the longest pause between two attempts
	grace   = 5 * time.Second  // for storing what was done, after the job is to end
)

// deliver hands out a chunk until that succeeds, or the job stops, or this process is not
// to go on. Where a chunk of many fails, each of its batches goes alone, to find out which
// it was.
func (w *worker) deliver(ctx context.Context, chunk tail.Page) error {
	if len(chunk) == 0 {
		return nil
	}
	if first := w.parked.holds(chunk[0]); first > 0 {
		return w.park(ctx, chunk[0], fmt.Errorf("waits for position %d of the same stream", first), 1)
	}
	backoff := w.job.Backoff
	for attempt := 1; ; attempt++ {
		failed, err := w.try(ctx, chunk)
		if failed == nil || err != nil {
			return err
		}
		if len(chunk) > 1 {
			return w.deliverEach(ctx, chunk)
		}
		if attempt >= w.job.Attempts || w.job.TooNew(failed) {
			return w.giveUp(ctx, chunk[0], failed, attempt)
		}
		w.runner.Logger.Warn("a handler failed; trying again", slog.String(w.job.Kind, w.job.Name),
			slog.Int64("position", chunk.End()), slog.Int("attempt", attempt), slog.Any("error", failed))
		if err := sleep(ctx, backoff/2+rand.N(backoff)); err != nil { // half to one and a half
			return err
		}
		backoff = min(2*backoff, longest)
	}
}

func (w *worker) deliverEach(ctx context.Context, chunk tail.Page) error {
	for i := range chunk {
		if err := w.deliver(ctx, chunk[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// try hands a chunk out once and moves the cursor past it. failed is what the work says
// of it; err is all that is not its fault.
func (w *worker) try(ctx context.Context, chunk tail.Page) (failed, err error) {
	to, called := chunk.End(), false
	if w.job.InTx {
		err = w.runner.DB.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
			called = true
			if failed = w.call(ctx, tx, chunk); failed != nil {
				return failed
			}
			return store.Advance(ctx, tx, w.sub, to, store.Now())
		})
	} else if err = w.check(ctx); err == nil { // so that nothing is handed out once it is paused
		if failed = w.call(ctx, nil, chunk); failed == nil {
			err = w.advanceAnyway(ctx, to)
		}
	}
	if failed == nil && err != nil && called && !errors.Is(err, store.ErrFenced) {
		failed = fmt.Errorf("what it did could not be committed: %w", err) // such as a statement whose error it did not return
	}
	if failed != nil {
		return failed, w.check(ctx)
	}
	if err != nil {
		return nil, err
	}
	w.sub.Position = to
	w.seen.Store(to)
	w.work.Committed()
	return nil, nil
}

// advanceAnyway moves the cursor past what the work has done outside a transaction, even
// where the job is to end, or was paused: else it would be done again.
func (w *worker) advanceAnyway(ctx context.Context, to int64) error {
	for backoff := w.job.Backoff; ; backoff = min(2*backoff, longest) {
		err := w.pass(ctx, to)
		if err == nil || errors.Is(err, store.ErrFenced) {
			return err
		}
		w.runner.Logger.Warn("a cursor cannot be stored; trying again", slog.String(w.job.Kind, w.job.Name), slog.Any("error", err))
		if sleep(ctx, backoff) != nil {
			return err
		}
	}
}

// pass tries that once.
func (w *worker) pass(ctx context.Context, to int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := store.Advance(ctx, w.runner.DB, w.sub, to, store.Now())
	if errors.Is(err, store.ErrFenced) {
		return errors.Join(err, store.Pass(ctx, w.runner.DB, w.sub, to, store.Now()))
	}
	return err
}

// check reports whether there is a database that could have been asked, and this process
// still leads: else a failure is not the work's.
func (w *worker) check(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := store.FindSubscription(ctx, w.runner.DB, w.job.Name)
	if err == nil && (s.Epoch != w.sub.Epoch || s.Position != w.sub.Position || s.State != store.Running) {
		err = store.ErrFenced
	}
	return err
}

// call calls the work, whose panic is an error.
func (w *worker) call(ctx context.Context, tx *gorm.DB, chunk tail.Page) (err error) {
	defer func() {
		if p := recover(); p != nil {
			w.runner.Logger.Error("a handler panicked", slog.String(w.job.Kind, w.job.Name),
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return w.work.Handle(ctx, tx, chunk)
}

// giveUp stops the job at a batch, or puts the batch aside.
func (w *worker) giveUp(ctx context.Context, batch []store.Record, failed error, attempts int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.job.TooNew(failed) {
		w.runner.Logger.Error("it takes a newer program, which may lead it now", slog.String(w.job.Kind, w.job.Name), slog.Any("error", failed))
		return errors.Join(errStepsAside, store.Yield(ctx, w.runner.DB, w.sub))
	}
	if w.job.Park {
		w.runner.Logger.Error("a batch is put aside, and what follows in its streams", slog.String(w.job.Kind, w.job.Name),
			slog.Int64("position", batch[0].Position), slog.Int("attempts", attempts), slog.Any("error", failed))
		return w.park(ctx, batch, failed, attempts)
	}
	w.runner.Logger.Error("stopped, until somebody looks after it: see "+w.job.Kind+"s status "+w.job.Name, slog.String(w.job.Kind, w.job.Name),
		slog.Int64("position", batch[0].Position), slog.Int("attempts", attempts), slog.Any("error", failed))
	if err := store.Halt(ctx, w.runner.DB, w.sub, batch[0].Position, attempts, failed.Error(), store.Now()); err != nil {
		return err
	}
	return errHalted
}
