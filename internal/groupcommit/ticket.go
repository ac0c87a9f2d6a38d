package groupcommit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ireneo-dev/ireneo/store"
)

// Verdict is what became of a batch while its owner waited.
type Verdict int

// The verdicts of Wait.
const (
	Committed Verdict = iota // it is in the log
	Alone                    // its owner is to insert it
	Doubtful                 // so, too, and it may be in the log already
)

type state int

const (
	queued state = iota
	sent         // in a group, told what to do, or withdrawn
)

// Ticket is a batch on its way. It belongs to one goroutine.
type Ticket struct {
	committer *Committer
	batch     *store.Batch
	spans     []span
	bytes     int
	turns     chan turn // what its owner is told, one at a time

	// The state. The committer's lock guards it.
	state    state
	after    *Ticket // what it was decided on; nil: what is in the log
	round    int     // in which it was gathered
	flushes  int     // how many it has a flusher for, zero: it has none
	doubtful bool    // a group it was in may be in the log
	settled  bool
	err      error // how it was settled
}

// turn is what the owner of a ticket is told.
type turn struct {
	verdict Verdict
	err     error
	group   []*Ticket // to be written first, if there is more than one
}

// span is what a batch has of one stream.
type span struct {
	stream      store.Stream
	first, last int64   // versions; zero: whichever come next
	before      *Ticket // the one of this stream that came before
}

func newTicket(c *Committer, batch *store.Batch) *Ticket {
	t := &Ticket{committer: c, batch: batch, turns: make(chan turn, 1), spans: make([]span, 0, 1)}
	places := map[store.Stream]int{}
	for _, r := range batch.Records {
		t.bytes += len(r.Data) + len(r.Meta)
		place, known := len(t.spans)-1, len(t.spans) > 0 && t.spans[len(t.spans)-1].stream == r.Stream
		if !known {
			place, known = places[r.Stream]
		}
		if known {
			t.spans[place].last = r.Version
			continue
		}
		places[r.Stream] = len(t.spans)
		t.spans = append(t.spans, span{stream: r.Stream, first: r.Version, last: r.Version})
	}
	return t
}

// goesAlone reports whether the batch shares its commit with no other: nor does one for whose
// size others would wait.
func (t *Ticket) goesAlone() bool {
	b := t.batch
	return b.GoesAlone() || len(b.Records) > maxRecords/4 || t.bytes > maxBytes/4
}

// Wait returns when the batch is committed, or its owner is to insert it. Until it is sent,
// waiting may end, with nothing written; committing is the context of the insert, after the
// end of which nobody waits any more. Any error but store.ErrOutcomeUnknown says that nothing
// was written.
func (t *Ticket) Wait(waiting, committing context.Context) (Verdict, error) {
	for {
		now, err := t.next(waiting, committing)
		if err != nil {
			return 0, err
		}
		if len(now.group) < 2 {
			return now.verdict, now.err
		}
		t.committer.write(committing, now.group)
	}
}

// next is what the owner is told next.
func (t *Ticket) next(waiting, committing context.Context) (turn, error) {
	for {
		select {
		case now := <-t.turns:
			return now, nil
		case <-waiting.Done():
			if t.withdraw() {
				return turn{}, context.Cause(waiting)
			}
			waiting = context.WithoutCancel(waiting)
		case <-committing.Done():
			return t.leave()
		}
	}
}

// withdraw takes the ticket back, if it was not sent yet.
func (t *Ticket) withdraw() bool {
	c := t.committer
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.state == sent || t.doubtful {
		return false
	}
	isIt := func(other *Ticket) bool { return other == t }
	c.queue, c.alone = sift(c.queue, isIt), sift(c.alone, isIt)
	t.state = sent
	t.settle(context.Canceled)
	c.dispatch()
	return true
}

// leave ends the wait when there is no time left. What the owner has been told already is
// done all the same: others wait for it.
func (t *Ticket) leave() (turn, error) {
	if t.withdraw() {
		return turn{}, fmt.Errorf("%w: others who append to the same streams were not done in time", store.ErrBusy)
	}
	select {
	case now := <-t.turns:
		return now, nil
	default:
		return turn{}, fmt.Errorf("%w: no time is left to wait for it", store.ErrOutcomeUnknown)
	}
}

// Settle says whether the batch is in the log in the end, and if not, why, so that others may
// go on. It is called once, when Wait has returned.
func (t *Ticket) Settle(committed bool, why error) {
	c := t.committer
	c.mu.Lock()
	defer c.mu.Unlock()
	t.release()
	if committed {
		t.settle(nil)
	} else {
		t.settle(cmp.Or(why, errNotCommitted))
	}
	c.dispatch()
}

// errNotCommitted is why a batch is not in the log that its owner found no need for.
var errNotCommitted = errors.New("not committed")

// goes sends the ticket off on its own, if it may go. The lock is held.
func (t *Ticket) goes() bool {
	ready, err := t.ready(0)
	switch {
	case err != nil:
		t.answer(err)
	case ready && t.doubtful:
		t.tell(turn{verdict: Doubtful})
	case ready:
		t.tell(turn{verdict: Alone})
	}
	return ready || err != nil
}

// ready reports whether the ticket may go now, with what was gathered in a round, zero: on its
// own. An error is its answer. The lock is held.
func (t *Ticket) ready(round int) (bool, error) {
	if err := t.superseded(); err != nil {
		return false, err
	}
	for i := range t.spans {
		s := &t.spans[i]
		if err := s.overtaken(); err != nil {
			return false, err
		}
		together := round > 0 && s.before != nil && s.before.round == round && (s.first == 0 || s.before == t.after)
		if s.before != nil && !together {
			return false, nil
		}
	}
	return t.after == nil || t.after.settled || t.after.round == round && round > 0, nil
}

// overtaken is the error of a version that one before has taken. It passes over those that are
// settled, to the last one before that is not. The lock is held.
func (s *span) overtaken() error {
	for s.before != nil && s.before.settled {
		was := s.before.spanOf(s.stream)
		if s.before.err == nil && s.first > 0 && s.first <= was.last {
			return fmt.Errorf("%w: %s/%s version %d", store.ErrVersionTaken, s.stream.Type, s.stream.ID, s.first)
		}
		s.before = was.before
	}
	return nil
}

// superseded is the error of what was decided on something that was not committed.
func (t *Ticket) superseded() error {
	switch {
	case t.after == nil || !t.after.settled || t.after.err == nil:
		return nil
	case t.doubtful && errors.Is(t.after.err, store.ErrOutcomeUnknown): // they were in one group
		return t.after.err
	default:
		return ErrSuperseded
	}
}

func (t *Ticket) spanOf(stream store.Stream) span {
	return t.spans[slices.IndexFunc(t.spans, func(s span) bool { return s.stream == stream })]
}

// tell tells the owner what to do, or what has become of the batch. The lock is held.
func (t *Ticket) tell(now turn) {
	t.state = sent
	t.turns <- now
}

// answer settles the ticket without sending it. The lock is held.
func (t *Ticket) answer(err error) {
	t.settle(err)
	t.tell(turn{err: err})
	t.committer.again = true
}

// release gives the flusher back, if the ticket has one. The lock is held.
func (t *Ticket) release() {
	if t.flushes > 0 {
		t.committer.free, t.committer.flying = t.committer.free+1, t.committer.flying-t.flushes
		t.flushes = 0
	}
}

// settle notes what became of the ticket, the first time. What it keeps of those before it is
// no more than the one that is not settled: others may have to wait for that. The lock is held.
func (t *Ticket) settle(err error) {
	if t.settled {
		return
	}
	t.settled, t.err, t.after = true, err, nil
	last := t.committer.last
	for i := range t.spans {
		s := &t.spans[i]
		for s.before != nil && s.before.settled {
			s.before = s.before.spanOf(s.stream).before
		}
		switch {
		case last[s.stream] != t:
		case s.before != nil:
			last[s.stream] = s.before
		default:
			delete(last, s.stream)
		}
	}
}

// Failed reports whether the ticket was settled without the batch being seen in the log.
func (t *Ticket) Failed() bool {
	t.committer.mu.Lock()
	defer t.committer.mu.Unlock()
	return t.settled && t.err != nil
}
