package runner

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

// worker does one job while this process leads it.
type worker struct {
	runner *Runner
	job    Job
	work   Work
	stop   context.CancelFunc
	done   chan struct{} // closed when it has ended
	seen   atomic.Int64  // everything up to here is done, or not for the job
	fresh  atomic.Bool   // what was put aside and is due was tried again
	failed error         // what interrupted it; set before done is closed
	moved  bool          // its cursor has moved; likewise

	sub    store.Subscription // as it is stored
	parked parked
}

func startWorker(ctx context.Context, r *Runner, j Job, s store.Subscription) *worker {
	ctx, stop := context.WithCancel(ctx)
	w := &worker{runner: r, job: j, work: j.Begin(), stop: stop, done: make(chan struct{}), sub: s}
	w.seen.Store(s.Position)
	go func() {
		defer r.Nudge()
		defer close(w.done)
		defer stop()
		err := w.run(ctx)
		w.moved = w.sub.Position > s.Position
		if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrFenced) && !errors.Is(err, errHalted) {
			w.failed = err
		}
		if w.failed != nil && !errors.Is(err, errStepsAside) { // that was said
			r.Logger.Warn("a delivery was interrupted; it goes on where it was", slog.String(j.Kind, j.Name), slog.Any("error", err))
		}
	}()
	return w
}

func (w *worker) ended() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

// idle is after what time a cursor that nothing but others' batches have passed is stored.
const idle = 100 * time.Millisecond

func (w *worker) run(ctx context.Context) error {
	if err := w.loadParked(ctx); err != nil {
		return err
	}
	w.fresh.Store(true)
	pages, ended := w.feed(ctx)
	passed := time.NewTicker(idle)
	defer passed.Stop()
	for {
		select {
		case err := <-ended:
			return err
		case page := <-pages:
			if err := w.page(ctx, page); err != nil {
				return err
			}
		case <-passed.C:
			if err := w.advance(ctx, w.seen.Load()); err != nil {
				return err
			}
		}
	}
}

// feed follows the log.
func (w *worker) feed(ctx context.Context) (pages chan tail.Page, ended chan error) {
	pages, ended = make(chan tail.Page), make(chan error, 1)
	go func() {
		for page, err := range w.runner.Tail.Follow(ctx, w.sub.Position) {
			if err != nil {
				ended <- err
				return
			}
			select {
			case pages <- page:
			case <-ctx.Done():
			}
		}
		ended <- ctx.Err()
	}()
	return pages, ended
}

// page does what a page has for the job, in chunks.
func (w *worker) page(ctx context.Context, page tail.Page) error {
	var chunk tail.Page
	records := 0
	flush := func() error {
		ready := chunk
		chunk, records = nil, 0
		return w.deliver(ctx, ready)
	}
	for _, batch := range page {
		kept, err := w.job.Keep(batch)
		if err != nil {
			if err := flush(); err != nil { // what comes before it is not to be passed over
				return err
			}
			if err := w.giveUp(ctx, batch, err, 1); err != nil {
				return err
			}
			continue
		}
		if len(kept) == 0 {
			continue
		}
		if wait := w.tooYoung(kept); wait > 0 {
			if err := flush(); err != nil {
				return err
			}
			if err := sleep(ctx, wait); err != nil {
				return err
			}
		}
		chunk, records = append(chunk, kept), records+len(kept)
		if records >= w.job.Chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if len(page) > 0 {
		w.seen.Store(page.End())
	}
	return nil
}

// tooYoung is how long a batch has to wait yet.
func (w *worker) tooYoung(batch []store.Record) time.Duration {
	if w.job.Wait == 0 {
		return 0
	}
	return time.Until(batch[0].RecordedAt.Add(w.job.Wait))
}

// advance stores how far the job has come.
func (w *worker) advance(ctx context.Context, to int64) error {
	if to <= w.sub.Position {
		return nil
	}
	if err := store.Advance(ctx, w.runner.DB, w.sub, to, store.Now()); err != nil {
		return err
	}
	w.sub.Position = to
	return nil
}

// sleep waits unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
