package tail

import (
	"context"
	"slices"
	"sync"
	"time"
)

// reader reads on from a position for all who have a seat.
type reader struct {
	tail *Tail
	wake chan struct{} // there may be something to read
	stop context.CancelFunc

	mu       sync.Mutex // guards what follows
	position int64      // what is there up to here was handed out
	seats    map[*seat]bool
}

// seat is the place of one follower at the reader.
type seat struct {
	reader *reader
	pages  chan Page // closed where it ended: by an error, or because it fell behind
	err    error     // set before pages is closed
}

func newReader(t *Tail, after int64, stop context.CancelFunc) *reader {
	return &reader{tail: t, wake: make(chan struct{}, 1), stop: stop, position: after, seats: map[*seat]bool{}}
}

func (r *reader) start(ctx context.Context, after int64) {
	go r.listen(ctx)
	go r.run(ctx, after)
}

func (r *reader) awake() {
	select {
	case r.wake <- struct{}{}:
	default: // it was told already
	}
}

func (r *reader) seat(after int64) *seat {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.position > after {
		return nil
	}
	s := &seat{reader: r, pages: make(chan Page, behind)}
	r.seats[s] = true
	return s
}

// vacate ends the reader where it was the last seat, and reports that.
func (r *reader) vacate(s *seat) (last bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.seats, s)
	if len(r.seats) > 0 {
		return false
	}
	r.stop()
	return true
}

// gathered is a page together with those that wait behind it.
func (s *seat) gathered(page Page) Page {
	all := slices.Clone(page) // others have the same page
	for {
		select {
		case next, ok := <-s.pages:
			if !ok {
				return all
			}
			all = append(all, next...)
		default:
			return all
		}
	}
}

// listen is woken by what others commit. That it may fail to is why run asks by itself.
func (r *reader) listen(ctx context.Context) {
	again := time.NewTicker(deaf)
	defer again.Stop()
	for r.tail.log.Listen(ctx, r.awake) != nil {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// run reads on whenever it is woken, and every now and then.
func (r *reader) run(ctx context.Context, after int64) {
	poll := time.NewTicker(polled)
	defer poll.Stop()
	for {
		page, err := read(ctx, r.tail.log, after)
		if err != nil {
			r.fail(err)
			return
		}
		if len(page) > 0 {
			after = page.End()
			r.spread(page)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-poll.C:
		}
	}
}

// spread hands a page to all seats. One that has no room for more loses its seat, and
// reads the log when it comes to it.
func (r *reader) spread(page Page) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.seats {
		select {
		case s.pages <- page:
		default:
			delete(r.seats, s)
			close(s.pages)
		}
	}
	r.position = page.End()
}

// fail ends the reader. Who has a seat is told why, unless nobody has.
func (r *reader) fail(err error) {
	r.stop()
	r.tail.mu.Lock()
	defer r.tail.mu.Unlock()
	if r.tail.reader == r {
		r.tail.reader = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.seats {
		s.err = err
		delete(r.seats, s)
		close(s.pages)
	}
}
