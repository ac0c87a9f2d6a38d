// Package groupcommit lets batches that wait at the same moment share a commit.
//
// A batch that comes while nothing is on its way goes at once. What comes meanwhile gathers,
// and goes as one group when that returns, or sooner, with another flusher, when as many are
// waiting as are on their way: fewer at a time would cost more. There is no timer, so that a
// batch without company waits for nothing, and no goroutine of its own: the first of a group
// flushes it for the others, as in LevelDB's queue of writers.
//
//	queued ──▶ in a group ──▶ committed
//	   │            │
//	   │            ▼
//	   ├───────▶ on its own ──▶ settled by its owner
//	   ▼
//	withdrawn by its owner, or answered without being sent
//
// A group is committed entirely or not at all. Where it is not, each of its batches goes on
// its own, so that nobody's failure is another's. A batch goes on its own from the start
// where it must have a transaction to itself, or is so large that others would wait for it.
//
// Batches of one stream do not fight in the database: each waits until the one before it is
// settled, or goes after it in the same group. So may a batch that was decided on another one
// which is not committed yet: it is sent only together with that one, or when that is in the
// log.
package groupcommit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// ErrSuperseded says that what a batch was decided on was not committed in the end. Nothing
// was written.
var ErrSuperseded = errors.New("what this was decided on was not committed")

const (
	maxRecords = 512     // of a group
	maxBytes   = 1 << 20 // of its payloads

	// patience is how long nobody may be the first in the queue, or a group goes without waiting
	// for a flusher: those who flush may wait themselves, for a lock that a transaction of the
	// host holds. Nobody waits for more than two of it.
	patience = 50 * time.Millisecond
)

// Log is what is written to.
type Log interface {
	// Insert writes all batches in one commit, or nothing.
	Insert(ctx context.Context, batches ...*store.Batch) error

	// Writers is how many Inserts of several batches are worthwhile at the same time, zero
	// where none is.
	Writers() int
}

// Committer commits batches. It is safe for concurrent use.
type Committer struct {
	log Log

	mu     sync.Mutex               // guards all that follows, and the state of the tickets
	free   int                      // flushers that may begin; below zero where some were not waited for
	flying int                      // batches that flushers have
	round  int                      // of gathering, from 1
	again  bool                     // somebody was answered, for whom others may have waited
	watch  *time.Timer              // while somebody is in the queue
	head   *Ticket                  // the first in the queue when it was looked at last
	queue  []*Ticket                // waiting for a flusher, in the order they came
	alone  []*Ticket                // going on their own, when those before them are settled
	last   map[store.Stream]*Ticket // the last one that is not settled yet
}

// New returns a committer of a log.
func New(log Log) *Committer {
	return &Committer{log: log, free: log.Writers(), last: map[store.Stream]*Ticket{}}
}

// Enter queues a batch. Whoever calls it calls Wait and then Settle of the ticket. Batches of
// one stream are committed in the order in which they entered. after, if it is not nil, is
// the ticket of another batch on which this one was decided: it is never sent without that.
func (c *Committer) Enter(batch *store.Batch, after *Ticket) *Ticket {
	t := newTicket(c, batch)

	c.mu.Lock()
	defer c.mu.Unlock()
	t.after = after
	c.enter(t, !shares || c.log.Writers() == 0 || t.goesAlone())
	return t
}

// Drain waits until all batches of a stream are settled that have entered before.
func (c *Committer) Drain(ctx context.Context, stream store.Stream) error {
	t := &Ticket{committer: c, batch: &store.Batch{}, turns: make(chan turn, 1), spans: []span{{stream: stream}}}

	c.mu.Lock()
	c.enter(t, true)
	c.mu.Unlock()
	_, err := t.Wait(ctx, context.Background())
	t.Settle(false, err)
	return err
}

// enter puts the ticket behind those of its streams. The lock is held.
func (c *Committer) enter(t *Ticket, alone bool) {
	for i, s := range t.spans {
		t.spans[i].before = c.last[s.stream]
		c.last[s.stream] = t
	}
	if alone {
		c.alone = append(c.alone, t)
	} else {
		c.queue = append(c.queue, t)
	}
	c.dispatch()
	if len(c.queue) > 0 && c.watch == nil {
		c.watch = time.AfterFunc(patience, c.hurry)
	}
}

// hurry has a group flushed if the first in the queue is the same as the last time.
func (c *Committer) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) > 0 && c.queue[0] == c.head {
		c.flush()
		c.dispatch()
	}
	if len(c.queue) == 0 {
		c.watch, c.head = nil, nil
		return
	}
	c.head = c.queue[0]
	c.watch.Reset(patience)
}

// dispatch sends off all that may go. The lock is held.
func (c *Committer) dispatch() {
	for c.again = true; c.again; {
		c.again = false
		c.alone = sift(c.alone, (*Ticket).goes)
		for c.free > 0 && len(c.queue) >= c.flying && c.flush() {
		}
	}
}

// flush has a group written by the first of it; false where nothing may go. The lock is held.
func (c *Committer) flush() bool {
	group := c.gather()
	if len(group) == 0 {
		return false
	}
	c.free, c.flying = c.free-1, c.flying+len(group)
	group[0].flushes = len(group)
	group[0].tell(turn{verdict: Alone, group: group})
	return true
}

// gather takes out of the queue what may go together. The lock is held.
func (c *Committer) gather() (group []*Ticket) {
	c.round++
	records, bytes := 0, 0
	c.queue = sift(c.queue, func(t *Ticket) (gone bool) {
		if records >= maxRecords {
			return false
		}
		ready, err := t.ready(c.round)
		if err != nil {
			t.answer(err)
			return true
		}
		fits := records+len(t.batch.Records) <= maxRecords && bytes+t.bytes <= maxBytes
		if !ready || !fits && len(group) > 0 {
			return false
		}
		group, t.state, t.round = append(group, t), sent, c.round
		records, bytes = records+len(t.batch.Records), bytes+t.bytes
		return true
	})
	return group
}

// sift keeps those that are not gone, in their order.
func sift(tickets []*Ticket, gone func(*Ticket) bool) []*Ticket {
	kept := tickets[:0]
	for _, t := range tickets {
		if !gone(t) {
			kept = append(kept, t)
		}
	}
	clear(tickets[len(kept):])
	return kept
}

// write commits a group.
func (c *Committer) write(ctx context.Context, group []*Ticket) {
	err := errPanicked
	defer func() { c.finish(group, err) }()
	batches := make([]*store.Batch, len(group))
	for i, t := range group {
		batches[i] = t.batch
	}
	err = c.log.Insert(ctx, batches...)
	if errors.Is(err, store.ErrUnavailable) { // a pooled connection may have been dead: nothing was sent
		err = c.log.Insert(ctx, batches...)
	}
}

// errPanicked is what the others of a group know of a panic that is on its way to the first.
var errPanicked = fmt.Errorf("%w: panicked", store.ErrOutcomeUnknown)

// finish tells a group what became of it. Where it is not committed each of its batches goes on
// its own, but for what would be the error of each.
func (c *Committer) finish(group []*Ticket, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	group[0].release()
	for _, t := range group {
		switch {
		case t.settled: // its owner has left
		case err == nil:
			t.settle(nil)
			t.tell(turn{verdict: Committed})
		case ofAll(err):
			t.answer(err)
		default:
			t.state, t.doubtful = queued, errors.Is(err, store.ErrOutcomeUnknown)
			c.alone = append(c.alone, t)
		}
	}
	c.dispatch()
}

// ofAll reports whether an error of a group would be that of each of its batches.
func ofAll(err error) bool {
	if _, ok := errors.AsType[*store.RowError](err); ok {
		return false
	}
	for _, target := range []error{store.ErrUnavailable, store.ErrFull, store.ErrReadOnly, store.ErrNotMigrated, store.ErrNoDatabase} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
