package ireneo

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// Follow yields what is committed to the log after a position, of any stream: first what
// is there, then what comes, until ctx ends or the loop does. Each append comes once and
// whole, in the order of positions, which is the same for everybody; nothing that was
// committed is ever left out, whoever committed it, in this process or another. Position
// of a batch's events is where to follow on after a restart.
//
// Appends of this process come at once, those of others and those in a transaction of the
// host within 100 ms. A transaction that stays open holds back what was appended after
// it. A loop body that takes its time delays nobody else: what it missed is read from the
// log. However many follow, the log is read once.
//
// What this program does not know comes as *RawEvent. An error is yielded once, as the
// last pair; the end of ctx is none.
func (l *Log) Follow(ctx context.Context, after int64) iter.Seq2[[]AnyEvent, error] {
	return func(yield func([]AnyEvent, error) bool) {
		for batch, err := range l.follow(ctx, after) {
			var events []AnyEvent
			if err == nil {
				events, err = l.decodeAll(batch)
			}
			if ctx.Err() != nil || !yield(events, err) || err != nil {
				return
			}
		}
	}
}

func (l *Log) decodeAll(batch []store.Record) ([]AnyEvent, error) {
	events := make([]AnyEvent, len(batch))
	for i, r := range batch {
		var err error
		if events[i], err = l.decode(r); err != nil {
			return nil, err
		}
	}
	return events, nil
}

// follow yields the batches as they are stored.
func (l *Log) follow(ctx context.Context, after int64) iter.Seq2[[]store.Record, error] {
	return func(yield func([]store.Record, error) bool) {
		hand := func(batch []store.Record, err error) bool {
			if err == nil && batch[0].Position <= after {
				return true
			}
			if err == nil {
				after = batch[0].Position
			}
			return yield(batch, err) && err == nil && ctx.Err() == nil
		}
		for {
			for batch, err := range l.settledAfter(ctx, after) {
				if !hand(batch, err) {
					return
				}
			}
			f := l.join(after)
			if f == nil { // the tail is ahead: there is more to read
				continue
			}
			done := f.receive(ctx, hand)
			l.leave(f)
			if done {
				return
			}
		}
	}
}

// settledAfter reads the log from a position to its settled end.
func (l *Log) settledAfter(ctx context.Context, after int64) iter.Seq2[[]store.Record, error] {
	return func(yield func([]store.Record, error) bool) {
		for {
			page, err := l.readSettled(ctx, after)
			if err != nil {
				yield(nil, err)
				return
			}
			if len(page) == 0 {
				return
			}
			for _, batch := range page {
				after = batch[0].Position
				if !yield(batch, nil) {
					return
				}
			}
		}
	}
}

// readSettled reads one page of whole batches.
func (l *Log) readSettled(ctx context.Context, after int64) (batches [][]store.Record, err error) {
	q := store.Query{Order: store.ByPosition, AfterPosition: after, Limit: pageSize}
	for r, err := range l.store.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		if last := len(batches) - 1; last >= 0 && batches[last][0].Position == r.Position {
			batches[last] = append(batches[last], r)
		} else {
			batches = append(batches, []store.Record{r})
		}
	}
	return batches, nil
}

// tail reads the end of the log, once for all who follow it. It lives as long as
// somebody does.
type tail struct {
	log  *Log
	wake chan struct{} // somebody of this process has appended
	stop context.CancelFunc

	mu        sync.Mutex // guards what follows
	position  int64      // what is there up to here was handed out
	followers map[*follower]bool
}

// follower is one who follows the tail.
type follower struct {
	tail    *tail
	batches chan []store.Record // closed where it ended: by an error, or because it fell behind
	err     error               // set before batches is closed
}

const (
	polled = 50 * time.Millisecond // how often the log is asked, whoever appends
	behind = 256                   // so many batches may wait for one follower
)

// join follows the tail from a position. It is nil where the tail has passed it.
func (l *Log) join(after int64) *follower {
	l.tailMu.Lock()
	defer l.tailMu.Unlock()
	t := l.tail
	if t == nil {
		ctx, stop := context.WithCancel(context.Background())
		t = &tail{log: l, wake: make(chan struct{}, 1), stop: stop, position: after, followers: map[*follower]bool{}}
		l.tail = t
		go t.run(ctx)
	}

	t.mu.Lock()
	defer t.mu.Unlock()
	if t.position > after {
		return nil
	}
	f := &follower{tail: t, batches: make(chan []store.Record, behind)}
	t.followers[f] = true
	return f
}

// leave lets go of the tail, which ends with the last one.
func (l *Log) leave(f *follower) {
	l.tailMu.Lock()
	defer l.tailMu.Unlock()
	t := f.tail
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.followers, f)
	if len(t.followers) > 0 {
		return
	}
	t.stop()
	if l.tail == t {
		l.tail = nil
	}
}

// appended tells the tail that there is something to read.
func (l *Log) appended() {
	l.tailMu.Lock()
	defer l.tailMu.Unlock()
	if l.tail == nil {
		return
	}
	select {
	case l.tail.wake <- struct{}{}:
	default: // it was told already
	}
}

// receive hands out batches until there are no more for this follower. It is done where
// nothing can be gained by reading on.
func (f *follower) receive(ctx context.Context, hand func([]store.Record, error) bool) (done bool) {
	for {
		select {
		case <-ctx.Done():
			return true
		case batch, ok := <-f.batches:
			switch {
			case !ok && f.err != nil:
				hand(nil, f.err)
				return true
			case !ok:
				return false
			case !hand(batch, nil):
				return true
			}
		}
	}
}

// run reads on whenever somebody appends, and every now and then.
func (t *tail) run(ctx context.Context) {
	poll := time.NewTicker(polled)
	defer poll.Stop()
	for {
		batches, err := t.log.readSettled(ctx, t.position)
		if err != nil {
			t.fail(err)
			return
		}
		if len(batches) > 0 {
			t.spread(batches)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
		case <-poll.C:
		}
	}
}

// spread hands batches to all followers. One who has no room for more reads them from
// the log when it comes to it.
func (t *tail) spread(batches [][]store.Record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, batch := range batches {
		for f := range t.followers {
			select {
			case f.batches <- batch:
			default:
				delete(t.followers, f)
				close(f.batches)
			}
		}
		t.position = batch[0].Position
	}
}

// fail ends the tail. Who follows it is told why, unless nobody does.
func (t *tail) fail(err error) {
	t.log.tailMu.Lock()
	defer t.log.tailMu.Unlock()
	if t.log.tail == t {
		t.log.tail = nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for f := range t.followers {
		f.err = err
		delete(t.followers, f)
		close(f.batches)
	}
}
