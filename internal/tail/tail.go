// Package tail reads the end of a log, once for all who follow it.
//
//	log ──reads──▶ reader ──spread──▶ followers, each with room for some pages
//	                  ▲                  │ no room: lets go, reads the log itself, joins again
//	   wake, listen, poll                ▼
//	                               whoever follows
//
// A follower begins with what the log holds. When it has come to the settled end it joins
// the reader, which hands out what is appended from there on. One that is too slow is let
// go and reads the log again, so that it misses nothing and delays nobody.
package tail

import (
	"context"
	"iter"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// Log is what is followed.
type Log interface {
	Read(ctx context.Context, q store.Query) iter.Seq2[store.Record, error]
	Listen(ctx context.Context, wake func()) error
}

// Page is a number of whole batches in the order of positions.
type Page [][]store.Record

// End is the position of the page's last batch.
func (p Page) End() int64 { return p[len(p)-1][0].Position }

const (
	polled   = 50 * time.Millisecond // how often the log is asked, whoever appends
	behind   = 32                    // so many pages may wait for one follower
	pageSize = 5_000                 // records read at once
	deaf     = time.Second           // how long the reader does without Listen where that fails
)

// Tail is the end of one log. It is safe for concurrent use, and reads as long as somebody
// follows.
type Tail struct {
	log Log

	mu     sync.Mutex // guards reader; it is locked before the reader's own
	reader *reader    // nil while nobody follows
}

// New makes the tail of a log.
func New(log Log) *Tail { return &Tail{log: log} }

// Wake says that there is something to read. It does not wait.
func (t *Tail) Wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reader != nil {
		t.reader.awake()
	}
}

// Follow yields what is committed after a position: first what is there, in pages, then
// once an empty page, then what comes, until ctx ends or the loop does. Every batch comes
// once and whole, in the order of positions. An error is yielded once, as the last pair;
// the end of ctx is none.
func (t *Tail) Follow(ctx context.Context, after int64) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		f := &following{tail: t, after: after, yield: yield}
		for f.catchUp(ctx) {
			if !f.live {
				f.live = true
				if !yield(nil, nil) {
					return
				}
			}
			seat := t.join(f.after)
			if seat == nil { // the reader is ahead: there is more to read
				continue
			}
			goOn := f.receive(ctx, seat)
			t.leave(seat)
			if !goOn {
				return
			}
		}
	}
}

// following is one loop over Follow.
type following struct {
	tail  *Tail
	after int64
	live  bool // the empty page was yielded
	yield func(Page, error) bool
}

// hand yields a page without what was yielded already, and reports whether to go on.
func (f *following) hand(ctx context.Context, page Page) bool {
	for len(page) > 0 && page[0][0].Position <= f.after {
		page = page[1:]
	}
	if len(page) == 0 {
		return true
	}
	f.after = page.End()
	return ctx.Err() == nil && f.yield(page, nil)
}

// catchUp reads the log to its settled end, and reports whether to go on.
func (f *following) catchUp(ctx context.Context) bool {
	for {
		page, err := read(ctx, f.tail.log, f.after)
		switch {
		case ctx.Err() != nil:
			return false
		case err != nil:
			f.yield(nil, err)
			return false
		case len(page) == 0:
			return true
		case !f.hand(ctx, page):
			return false
		}
	}
}

// receive hands out what the reader does, all that has gathered at once. It reports
// whether to go on with reading the log.
func (f *following) receive(ctx context.Context, seat *seat) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case page, ok := <-seat.pages:
			switch {
			case !ok && seat.err != nil:
				f.yield(nil, seat.err)
				return false
			case !ok:
				return true
			case !f.hand(ctx, seat.gathered(page)):
				return false
			}
		}
	}
}

// read reads one page.
func read(ctx context.Context, log Log, after int64) (page Page, err error) {
	q := store.Query{Order: store.ByPosition, AfterPosition: after, Limit: pageSize}
	for r, err := range log.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		if last := len(page) - 1; last >= 0 && page[last][0].Position == r.Position {
			page[last] = append(page[last], r)
		} else {
			page = append(page, []store.Record{r})
		}
	}
	return page, nil
}

// join takes a seat at the reader. It is nil where the reader has passed the position.
func (t *Tail) join(after int64) *seat {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.reader == nil { // the first seat is taken before anything is read
		ctx, stop := context.WithCancel(context.Background())
		t.reader = newReader(t, after, stop)
		defer t.reader.start(ctx, after)
	}
	return t.reader.seat(after)
}

// leave gives a seat back. The reader ends with the last one.
func (t *Tail) leave(s *seat) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.reader.vacate(s) && t.reader == s.reader {
		t.reader = nil
	}
}

// Batch reads the batch at a position. It is empty where there is none.
func (t *Tail) Batch(ctx context.Context, position int64) (batch []store.Record, err error) {
	q := store.Query{Order: store.ByPosition, AfterPosition: position - 1, Limit: 1}
	for r, err := range t.log.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		if r.Position == position {
			batch = append(batch, r)
		}
	}
	return batch, nil
}
