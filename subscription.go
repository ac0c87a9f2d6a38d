package ireneo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/runner"
	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/internal/telemetry"
	"github.com/ireneo-dev/ireneo/store"
)

// Subscription hands what is committed to a handler, append by append, and remembers how
// far it has come: after a restart, or in another process, it goes on there. It is
// declared in Config.Subscriptions and never changed afterwards; Run runs it:
//
//	var Receipts = &ireneo.Subscription{
//		Name:    "receipts",
//		Filters: []ireneo.Filter{{Types: []string{"debt.payment_received"}}},
//		Handle:  func(ctx context.Context, b ireneo.Batch) error { return mail(ctx, b) },
//	}
//
// Of all processes that Run, one leads a subscription; the others stand by. A handler that
// returns an error or panics is called again with the same batch, Attempts times in all.
// Then the subscription stops, with its error on record, until somebody calls Resume or
// Skip; no other subscription and no append notices.
type Subscription struct {
	// Name is that of its cursor: lower case letters, digits, underscores and dots. A new
	// name begins anew.
	Name string

	// Filters select the events it is handed. Nil selects everything. They must not change
	// under the same name: what was passed over would be missing.
	Filters []Filter

	// Handle is called with each batch, and the cursor is moved when it returns nil. It may
	// take its time, and may see a batch again where the process is lost in between: what
	// it does to the world should bear that. It is called by one goroutine at a time, in
	// the one process that leads. ctx carries the log, and that the first event of the batch
	// is the cause of what is appended with it, as by CausedBy; it ends when the process is
	// to stop or leads no more: return then. The batch belongs to the handler.
	Handle func(ctx context.Context, b Batch) error

	// HandleTx takes the place of Handle where all it does is write to the database: the
	// cursor moves in the same transaction, so its effect is there exactly once. Use tx for
	// every write: on an error all of it is rolled back. On SQLite the transaction keeps all
	// other writers waiting, so it should be short.
	HandleTx func(ctx context.Context, tx *gorm.DB, b Batch) error

	// FromNow begins at the settled end of the log when its cursor is made, by the first
	// Run or Deliveries: what was committed then, but held back by an open transaction, is
	// handed out, too. Otherwise it begins with the log.
	FromNow bool

	// Wait is how old a batch is before it is handed out. Zero does not wait.
	Wait time.Duration

	// Attempts is how often a batch is tried. Defaults to 5.
	Attempts int

	// Backoff is the pause after the first failure. It doubles with each further one, up to
	// 30 seconds, and varies by half. Defaults to 100 milliseconds.
	Backoff time.Duration

	// Park puts a batch that fails too often aside instead of stopping, and with it all
	// later batches of its streams, so that none is handled out of order. Retry tries them
	// again.
	Park bool
}

// Run runs the subscriptions and the projections that are kept up after the commit, until
// ctx ends; it returns when none of their handlers runs any more. Any number of processes
// may run the same: each is led by one of them, and taken over by another when its leader
// ends, or has not been heard of for Config.Lease. Where the database is away it goes on
// trying. Servers and workers call it once a process; a second call on one Log waits until
// the first has ended.
func (l *Log) Run(ctx context.Context) {
	defer l.telemetry.Watch(ctx, l.lags)()
	l.runner.Run(ctx)
}

// jobs are what Run runs.
func (l *Log) jobs() ([]runner.Job, error) {
	var jobs []runner.Job
	var mistakes []error
	names := map[string]bool{}
	add := func(j runner.Job, err error) {
		if err == nil && names[j.Name] {
			err = fmt.Errorf("%s %s: another subscription or projection has this name", j.Kind, j.Name)
		}
		mistakes = append(mistakes, err)
		names[j.Name] = true
		jobs = append(jobs, j)
	}
	for _, s := range l.config.Subscriptions {
		add(l.subscriptionJob(s))
	}
	for _, a := range l.asyncs {
		add(l.projectionJob(a))
	}
	return jobs, errors.Join(mistakes...)
}

func (l *Log) subscriptionJob(s *Subscription) (runner.Job, error) {
	j := runner.Job{
		Name: s.Name, Kind: "subscription", From: fromBeginning, InTx: s.HandleTx != nil, Wait: s.Wait, Park: s.Park,
		Attempts: cmp.Or(s.Attempts, 5), Backoff: cmp.Or(s.Backoff, 100*time.Millisecond),
		Begin: func() runner.Work { return &calls{l, s} },
	}
	if s.FromNow {
		j.From = l.Position
	}
	mistakes := []error{l.filter(&j, s.Filters)}
	if !storedName.MatchString(s.Name) {
		mistakes = append(mistakes, errors.New("name it in lower case letters, digits, _ and dots"))
	}
	if (s.Handle == nil) == (s.HandleTx == nil) {
		mistakes = append(mistakes, errors.New("give it either Handle or HandleTx"))
	}
	if s.Attempts < 0 || s.Backoff < 0 || s.Wait < 0 {
		mistakes = append(mistakes, errors.New("let Attempts, Backoff and Wait not be negative"))
	}
	if err := errors.Join(mistakes...); err != nil {
		return j, fmt.Errorf("subscription %q: %w", s.Name, err)
	}
	return j, nil
}

func fromBeginning(context.Context) (int64, error) { return 0, nil }

// filter makes the job one for what the filters select.
func (l *Log) filter(j *runner.Job, filters []Filter) error {
	selected, err := l.selects(filters)
	if err != nil {
		return err
	}
	j.Keep, j.TooNew = selected.keep, func(err error) bool { return errors.Is(err, ErrNewerSchema) }
	j.Filter, err = describe(filters)
	return err
}

// calls is the work of a subscription.
type calls struct {
	log *Log
	of  *Subscription
}

// Handle implements [runner.Work].
func (c *calls) Handle(ctx context.Context, tx *gorm.DB, page tail.Page) error {
	ctx = WithLog(ctx, c.log)
	for _, records := range page {
		batch, err := c.log.batch(records, nil)
		if err != nil {
			return err
		}
		reacting := WithMeta(ctx, causedBy(batch.Events[0]))
		if tx != nil {
			err = c.of.HandleTx(reacting, tx, batch)
		} else {
			err = c.of.Handle(reacting, batch)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Committed implements [runner.Work].
func (*calls) Committed() {}

// Delivery is how far a subscription, or a projection kept up after the commit, has come.
type Delivery struct {
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`                // subscription or projection
	State     string    `json:"state"`               // running, paused or stopped
	Reason    string    `json:"reason,omitempty"`    // why it does not run
	Position  int64     `json:"position"`            // everything up to here is done
	Head      int64     `json:"head"`                // the last position of the log
	FailedAt  int64     `json:"failed_at,omitempty"` // the append that stopped it
	Attempts  int       `json:"attempts,omitempty"`  // how often that was tried
	Parked    int       `json:"parked,omitempty"`    // batches put aside
	Led       bool      `json:"led"`                 // a process leads it
	Declared  bool      `json:"declared"`            // by this program
	Changed   bool      `json:"changed,omitempty"`   // this program's filter is not that of the cursor: it does not run here
	ChangedAt time.Time `json:"changed_at"`          // when it moved, stopped or was paused last
}

// Deliveries says how far all subscriptions and projections after the commit have come, by
// name: those that are declared, and those that once were. One that is declared, but has
// never run, gets its cursor here.
func (l *Log) Deliveries(ctx context.Context) ([]Delivery, error) {
	last, err := l.first(ctx, store.Query{Order: store.NewestFirst})
	if err != nil {
		return nil, err
	}
	if err := l.runner.Declare(ctx); err != nil {
		return nil, err
	}
	rows, err := store.Subscriptions(ctx, l.DB())
	if err != nil {
		return nil, err
	}
	parked, err := store.CountDeadLetters(ctx, l.DB())
	if err != nil {
		return nil, err
	}
	filters := map[string]string{}
	for _, j := range l.runner.Jobs {
		filters[j.Name] = j.Filter
	}

	all := make([]Delivery, 0, len(rows))
	for _, s := range rows {
		filter, declared := filters[s.Name]
		all = append(all, Delivery{
			Name: s.Name, Kind: s.Kind, State: s.State, Reason: s.Reason, Position: s.Position, Head: last.Position,
			FailedAt: s.FailedPosition, Attempts: s.Attempts, Parked: parked[s.Name], ChangedAt: s.ChangedAt.UTC(),
			Led: s.Led(time.Now()), Declared: declared, Changed: declared && filter != s.Filter,
		})
	}
	return all, nil
}

// lags are those of what this program declares. Each of the processes that Run says them of
// all, whoever leads: what nobody leads is what somebody must hear of.
func (l *Log) lags(ctx context.Context) ([]telemetry.Lag, error) {
	last, err := l.first(ctx, store.Query{Order: store.NewestFirst})
	if err != nil {
		return nil, err
	}
	rows, err := store.Subscriptions(ctx, l.DB())
	if err != nil {
		return nil, err
	}
	var lags []telemetry.Lag
	for _, s := range rows {
		i := slices.IndexFunc(l.runner.Jobs, func(j runner.Job) bool { return j.Name == s.Name })
		if i >= 0 {
			lags = append(lags, telemetry.Lag{Kind: l.runner.Jobs[i].Kind, Name: s.Name, Positions: max(0, last.Position-s.Position)})
		}
	}
	return lags, nil
}
