package history

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// mutate makes a store that does something wrong, where mutant says what.
func mutate(st store.Store, mutant string) store.Store {
	switch mutant {
	case "lose":
		return &loser{Store: st}
	case "retry blindly":
		return &repeater{st}
	case "tear":
		return &tearer{st}
	case "no guard":
		return &careless{st}
	case "no query":
		return &hasty{st}
	case "bad line":
		return &badLine{Store: st}
	}
	return st
}

const answerLost = "answer to an insert lost"

// witness writes down each commit whose answer was lost, of which the log has to find out
// what became.
type witness struct {
	store.Store
	recorder *recorder
}

func (s *witness) Insert(ctx context.Context, batches ...*store.Batch) error {
	err := s.Store.Insert(ctx, batches...)
	for _, b := range batches {
		if errors.Is(err, store.ErrOutcomeUnknown) {
			var m Mark
			_ = json.Unmarshal(b.Records[0].Data, &m) // it was an event of ours
			s.recorder.write(line{Kind: fault, What: answerLost, Op: m.Op})
		}
	}
	return err
}

// loser says now and then that it has committed what it never wrote.
type loser struct {
	store.Store
	calls atomic.Int64
}

func (s *loser) Insert(ctx context.Context, batches ...*store.Batch) error {
	if s.calls.Add(1)%20 != 0 {
		return s.Store.Insert(ctx, batches...)
	}
	for _, b := range batches {
		for i := range b.Records {
			b.Records[i].Version, b.Records[i].Position = max(b.Records[i].Version, 1), 1
		}
	}
	return nil
}

// repeater answers a lost connection as many programs do: it tries again, as if nothing had
// been sent.
type repeater struct{ store.Store }

func (s *repeater) Insert(ctx context.Context, batches ...*store.Batch) error {
	for {
		err := s.Store.Insert(ctx, batches...)
		if !errors.Is(err, store.ErrOutcomeUnknown) || ctx.Err() != nil {
			return err
		}
		for _, b := range batches {
			s.renew(b)
		}
	}
}

func (*repeater) renew(b *store.Batch) {
	for i := range b.Records {
		b.Records[i].EventID = uuid.New()
	}
	b.Execution = nil
}

// tearer writes what belongs together one by one.
type tearer struct{ store.Store }

func (s *tearer) Insert(ctx context.Context, batches ...*store.Batch) error {
	for _, b := range batches {
		for i := range b.Records {
			part := *b
			part.Records = b.Records[i : i+1]
			if i > 0 {
				part.Rows, part.Guard, part.Execution = nil, nil, nil
			}
			if err := s.Store.Insert(ctx, &part); err != nil {
				return err
			}
		}
	}
	return nil
}

// worksOf are what the writers of a mutant do: what is of interest to it.
func worksOf(mutant string) []work {
	switch mutant {
	case "no guard":
		return []work{{1, (*writer).relay}}
	case "no query":
		return []work{{1, (*writer).book}, {1, (*writer).appendIf}}
	}
	return slices.Concat(works, commandWorks)
}

// careless forgets what a batch was decided on.
type careless struct{ store.Store }

func (s *careless) Insert(ctx context.Context, batches ...*store.Batch) error {
	for _, b := range batches {
		b.Guard = nil
	}
	return s.Store.Insert(ctx, batches...)
}

// hasty does not look again for what a query has asked for.
type hasty struct{ store.Store }

func (s *hasty) Insert(ctx context.Context, batches ...*store.Batch) error {
	for _, b := range batches {
		if b.Guard != nil {
			b.Guard.Unless = nil
		}
	}
	return s.Store.Insert(ctx, batches...)
}

// badLine is no mutant, but a network: now and then the answer to a commit is lost, and so is
// that to the next question what became of it.
type badLine struct {
	store.Store
	calls atomic.Int64
	lost  atomic.Bool // the next answer is, too
}

func (s *badLine) Insert(ctx context.Context, batches ...*store.Batch) error {
	err := s.Store.Insert(ctx, batches...)
	if err == nil && s.calls.Add(1)%10 == 0 {
		s.lost.Store(true)
		return store.ErrOutcomeUnknown
	}
	return err
}

func (s *badLine) Read(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	if q.EventID != uuid.Nil && s.lost.CompareAndSwap(true, false) {
		return func(yield func(store.Record, error) bool) { yield(store.Record{}, store.ErrUnavailable) }
	}
	return s.Store.Read(ctx, q)
}

// outside are the subscriptions with effects in a transaction of their own, in a process
// that dies in the first of its lives, after some calls, before the cursor is moved.
func outside(db *gorm.DB) (all []*ireneo.Subscription) {
	var calls atomic.Int64
	for _, s := range subscriptions() {
		all = append(all, &ireneo.Subscription{
			Name: s.Name, Filters: s.Filters, Backoff: time.Millisecond, Attempts: 1000,
			Handle: func(_ context.Context, b ireneo.Batch) error {
				err := db.Transaction(func(tx *gorm.DB) error { return enact(tx, s.Name, b) })
				if calls.Add(1) == 5 && strings.HasSuffix(os.Getenv(processEnv), ".0") {
					_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				}
				return err
			},
		})
	}
	return all
}
