package ireneo

import (
	"context"
	"fmt"
	"iter"

	"github.com/ireneo-dev/ireneo/store"
)

// Together yields the events of several streams, of any types, as one history in the order
// of the log: a customer with its debts, an order with its payments. A stream given twice
// is read once. AsOf and At narrow it. Events are read in pages, and no connection is held
// while the loop body runs. An error is yielded once, as the last pair.
func Together(ctx context.Context, handles []*Handle, opts ...ReplayOption) iter.Seq2[AnyEvent, error] {
	return func(yield func(AnyEvent, error) bool) {
		log, streams, err := several(ctx, handles)
		if err == nil && replayOf(opts).version != 0 {
			err = fmt.Errorf("read together: AtVersion is of one stream")
		}
		if err != nil {
			yield(nil, err)
			return
		}
		part := replayOf(opts)
		q := store.Query{Several: streams, Order: store.ByPosition, RecordedUntil: part.asOf, OccurredUntil: part.at, Limit: 1000}
		for more := true; more && err == nil; {
			more, err = log.yieldPage(ctx, q, yield)
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// several finds the one log of all these streams, each of which is read from its beginning.
func several(ctx context.Context, handles []*Handle) (log *Log, streams []store.At, err error) {
	seen := map[store.Stream]bool{}
	for _, h := range handles {
		of, _, err := h.open(ctx)
		if err != nil {
			return nil, nil, err
		}
		if log != nil && log != of {
			return nil, nil, fmt.Errorf("read together: %s/%s is of another log than the streams before it", h.Type(), h.id)
		}
		if log = of; !seen[h.key()] {
			seen[h.key()] = true
			streams = append(streams, store.At{Stream: h.key()})
		}
	}
	return log, streams, nil
}

// yieldPage reads one page and moves the streams of q behind it. It reports whether there
// may be more, and somebody wants it.
func (l *Log) yieldPage(ctx context.Context, q store.Query, yield func(AnyEvent, error) bool) (more bool, err error) {
	if len(q.Several) == 0 {
		return false, nil
	}
	var page []store.Record
	for r, err := range l.store.Read(ctx, q) {
		if err != nil {
			return false, fmt.Errorf("read together: %w", err)
		}
		page = append(page, r)
	}
	last := map[store.Stream]int64{}
	for _, r := range page {
		ev, err := l.decode(r)
		if err != nil {
			return false, err
		}
		if !yield(ev, nil) {
			return false, nil
		}
		last[r.Stream] = r.Version
	}
	for i, at := range q.Several {
		q.Several[i].Version = max(at.Version, last[at.Stream])
	}
	return len(page) == q.Limit, nil
}
