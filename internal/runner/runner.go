// Package runner keeps subscriptions going: it leads those that nobody else does, hands
// them what is committed, moves their cursors, and stops those that fail.
//
//	            declared            lease taken: epoch+1
//	(no row) ──────────▶ running ──────────────────▶ led by one process ──┐
//	                        ▲  ▲                         │    │           │ lease lost or given back:
//	                 resume │  │ resume, skip            │    └───────────┘ free for the next
//	                        │  │                   pause │ fails too often
//	                     paused stopped ◀────────────────┴──────────▶
//
// A leader writes only with its epoch (Kleppmann's fencing token): whatever one that has
// been away for too long still does is rolled back together with its cursor.
package runner

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

// Job is what is to be done with the committed batches.
type Job struct {
	Name, Kind string
	Filter     string // describes what Keep keeps

	// Keep returns the records of a batch that are for the job.
	Keep func(batch []store.Record) ([]store.Record, error)

	// From is where a job that has no cursor yet begins: after this position.
	From func(ctx context.Context) (int64, error)

	// InTx hands the work a transaction, in which the cursor is moved, too.
	InTx bool
	// Chunk is how many records the work takes at once, or a few more. Zero: one batch.
	Chunk int
	// Wait is how old a batch is before it is handed out.
	Wait time.Duration
	// Attempts is how often a batch is tried before the job stops, with pauses that begin
	// with Backoff and double.
	Attempts int
	Backoff  time.Duration
	// TooNew reports whether an error means that another program is to do the job: this one
	// gives it up.
	TooNew func(error) bool
	// Park puts a batch aside instead of stopping, and with it what follows in its streams.
	Park bool

	// Begin is called when this process becomes the leader. The work belongs to one
	// goroutine.
	Begin func() Work
}

// Work is a job while this process leads it.
type Work interface {
	// Handle handles batches. tx is nil unless the job is InTx. A panic is an error.
	Handle(ctx context.Context, tx *gorm.DB, page tail.Page) error
	// Committed is told that what Handle did last is committed.
	Committed()
}

// Runner runs the jobs of one process.
type Runner struct {
	DB     *gorm.DB
	Tail   *tail.Tail
	Jobs   []Job
	Logger *slog.Logger
	Lease  time.Duration // how long a lost leader stays one

	once  sync.Once
	nudge chan struct{} // something has changed that a round would see
	turn  chan struct{} // whoever Runs has it

	mu      sync.Mutex // guards workers, and what a term remembers of them
	workers map[string]*worker
}

const pause = time.Second // between two rounds

func (r *Runner) prepare() {
	r.once.Do(func() {
		r.nudge, r.turn, r.workers = make(chan struct{}, 1), make(chan struct{}, 1), map[string]*worker{}
	})
}

// Nudge makes the next round begin at once.
func (r *Runner) Nudge() {
	r.prepare()
	select {
	case r.nudge <- struct{}{}:
	default:
	}
}

// Seen is how far this process has come with a job, zero where it does not lead it. It
// may be ahead of the stored cursor, by what was not for the job.
func (r *Runner) Seen(name string) int64 {
	r.prepare()
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.workers[name]; w != nil {
		return w.seen.Load()
	}
	return 0
}

// Run runs the jobs until ctx ends, and returns when none runs any more. While the database
// cannot be reached it goes on trying. A second call waits until the first has ended.
func (r *Runner) Run(ctx context.Context) {
	r.prepare()
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return
	}
	term := &term{Runner: r, owner: uuid.NewString(), refused: map[string]bool{}, aside: map[string]bool{}, pauses: map[string]rest{}, renewed: time.Now()}
	tick := time.NewTicker(min(pause, r.Lease/4))
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := term.round(ctx); err != nil && ctx.Err() == nil {
			r.Logger.Warn("subscriptions cannot be looked after; trying again", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-r.nudge:
		}
	}
	term.end(ctx)
}

// term is one call of Run.
type term struct {
	*Runner
	owner    string
	declared bool
	refused  map[string]bool // jobs whose filter is another one on record: that was said
	aside    map[string]bool // jobs that take a newer program
	pauses   map[string]rest // jobs that were interrupted
	renewed  time.Time       // when the leases were prolonged last
}

// round looks at all subscriptions once: it gives up what is not led any more, and leads
// what is free.
func (t *term) round(ctx context.Context) error {
	if time.Since(t.renewed) > t.Lease { // whoever could not prolong them has lost them
		t.halt(func(*worker) bool { return true })
	}
	t.clear() // before the rows are read: one that ends after that has moved its cursor since
	within, cancel := context.WithTimeout(ctx, t.Lease)
	defer cancel()
	rows, due, err := t.look(within)
	if err != nil {
		return err
	}

	byName := map[string]store.Subscription{}
	for _, s := range rows {
		byName[s.Name] = s
	}
	t.halt(func(w *worker) bool {
		s := byName[w.job.Name]
		return !s.LedBy(t.owner) || s.Epoch != w.sub.Epoch || s.State != store.Running ||
			due[s.Name] > 0 && w.fresh.Load()
	})
	var taking sync.WaitGroup // at once: one may wait for a row that a lost leader's transaction holds
	errs := make([]error, len(t.Jobs))
	for i, j := range t.Jobs {
		taking.Go(func() { errs[i] = t.take(ctx, j, byName[j.Name]) })
	}
	taking.Wait()
	return errors.Join(errs...)
}

// look prolongs the leases, and reads how all subscriptions are.
func (t *term) look(ctx context.Context) (rows []store.Subscription, due map[string]int, err error) {
	if err := t.declare(ctx); err != nil {
		return nil, nil, err
	}
	if err := t.renew(ctx); err != nil {
		return nil, nil, err
	}
	if rows, err = store.Subscriptions(ctx, t.DB); err != nil {
		return nil, nil, err
	}
	due, err = store.DueDeadLetters(ctx, t.DB)
	return rows, due, err
}

// declare adds the jobs that have no cursor yet.
func (t *term) declare(ctx context.Context) error {
	if t.declared {
		return nil
	}
	err := t.Declare(ctx)
	t.declared = err == nil
	return err
}

// Declare adds a cursor for each job that has none.
func (r *Runner) Declare(ctx context.Context) error {
	known, err := store.Subscriptions(ctx, r.DB)
	if err != nil {
		return err
	}
	for _, j := range r.Jobs {
		if slices.ContainsFunc(known, func(s store.Subscription) bool { return s.Name == j.Name }) {
			continue
		}
		if err := Declare(ctx, r.DB, j); err != nil {
			return err
		}
	}
	return nil
}

// Declare adds the cursor of a job where there is none.
func Declare(ctx context.Context, db *gorm.DB, j Job) error {
	from, err := j.From(ctx)
	if err != nil {
		return err
	}
	return store.Declare(ctx, db, store.Subscription{
		Name: j.Name, Kind: j.Kind, Filter: j.Filter, Position: from, State: store.Running, LeaseUntil: store.Now(), ChangedAt: store.Now(),
	})
}

// renew prolongs the leases in good time.
func (t *term) renew(ctx context.Context) error {
	if time.Since(t.renewed) < t.Lease/3 {
		return nil
	}
	began := time.Now()
	if err := store.Renew(ctx, t.DB, t.owner, store.Now().Add(t.Lease)); err != nil {
		return err
	}
	t.renewed = began
	return nil
}

// take leads a job that is free.
func (t *term) take(ctx context.Context, j Job, s store.Subscription) error {
	if s.Name == "" || s.State != store.Running || t.busy(j.Name) {
		return nil
	}
	if s.Filter != j.Filter {
		t.refuse(j, s)
		return nil
	}
	if !s.LedBy(t.owner) {
		if !s.Free(store.Now()) {
			return nil
		}
		if led, err := t.lead(ctx, s); !led || err != nil {
			return err
		}
		var err error // whoever led before may have moved the cursor to the last
		if s, err = store.FindSubscription(ctx, t.DB, j.Name); err != nil || !s.LedBy(t.owner) {
			return err
		}
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	t.workers[j.Name] = startWorker(ctx, t.Runner, j, s)
	return nil
}

// lead takes the lease of a job. It is not interrupted by the end of Run, or the database
// might grant it after it was given back with all others; nor does it wait so long that the
// other leases are lost.
func (t *term) lead(ctx context.Context, s store.Subscription) (led bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(grace, t.Lease/4))
	defer cancel()
	return store.Lead(ctx, t.DB, s, t.owner, store.Now(), store.Now().Add(t.Lease))
}

// refuse says once that a job is not what its cursor is of.
func (t *term) refuse(j Job, s store.Subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.refused[j.Name] {
		return
	}
	t.refused[j.Name] = true
	t.Logger.Error("it selects other events than the cursor on record is of, and does not run: give it another name, or rebuild it where it is a projection",
		slog.String(j.Kind, j.Name), slog.String("declared", j.Filter), slog.String("on record", s.Filter))
}

// busy reports whether a job is being done, or has to wait until it is begun anew, or takes
// a newer program.
func (t *term) busy(name string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.workers[name] != nil || time.Now().Before(t.pauses[name].until) || t.aside[name]
}

// halt ends the workers that are to end. It does not wait: one whose handler takes its time
// would cost the others their leases.
func (t *term) halt(ends func(*worker) bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, w := range t.workers {
		if ends(w) {
			w.stop() // its end begins the next round
		}
	}
}

// clear takes the workers away that have ended.
func (t *term) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for name, w := range t.workers {
		if w.ended() {
			delete(t.workers, name)
			t.note(w)
		}
	}
}

// note remembers how a worker ended: one that was interrupted again and again is begun anew
// after ever longer pauses, one that takes a newer program not at all.
func (t *term) note(w *worker) {
	name := w.job.Name
	switch {
	case errors.Is(w.failed, errStepsAside):
		t.aside[name] = true
	case w.failed == nil || w.moved:
		delete(t.pauses, name)
	default:
		p := t.pauses[name]
		p.length = min(max(2*p.length, w.job.Backoff), longest)
		p.until = time.Now().Add(p.length)
		t.pauses[name] = p
	}
}

// rest is a pause before a job is begun anew.
type rest struct {
	length time.Duration
	until  time.Time
}

// end gives everything back, so that another process need not wait for the leases to end.
func (t *term) end(ctx context.Context) {
	t.mu.Lock()
	ending := slices.Collect(maps.Values(t.workers))
	t.mu.Unlock()
	for _, w := range ending {
		w.stop()
	}
	for _, w := range ending {
		<-w.done
	}
	t.clear()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := store.Release(ctx, t.DB, t.owner); err != nil {
		t.Logger.Warn("leases are not given back; other processes wait until they end", slog.Any("error", err))
	}
}
