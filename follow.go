package ireneo

import (
	"context"
	"iter"

	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

// Batch is what one append added to the log, or as much of it as is selected.
type Batch struct {
	Position int64      // of the append
	Events   []AnyEvent // in the order of the append
}

// FollowOption varies one Follow: After, OnlyNew, Last, Matching. Of the first three the
// last one given counts; without any it is After(0).
type FollowOption func(*following)

// following is one call of Follow.
type following struct {
	begin   func(ctx context.Context, l *Log, s selection) (after int64, seen map[int64]bool, err error)
	filters []Filter
}

// After follows from a position on, which is itself left out. Zero is the beginning; one
// beyond the end waits for what comes after it.
func After(position int64) FollowOption {
	return func(f *following) {
		f.begin = func(context.Context, *Log, selection) (int64, map[int64]bool, error) { return position, nil, nil }
	}
}

// OnlyNew follows what is committed from now on.
func OnlyNew() FollowOption { return func(f *following) { f.begin = onlyNew } }

// Last follows from the append on that holds the nth event from the end of those that are
// selected. Where there are fewer it follows all of them; an n below 1 is OnlyNew.
func Last(n int) FollowOption {
	return func(f *following) {
		f.begin = func(ctx context.Context, l *Log, s selection) (int64, map[int64]bool, error) {
			return last(ctx, l, s, n)
		}
	}
}

// Matching follows the events that one of the filters selects. Without a filter it is all
// of them.
func Matching(filters ...Filter) FollowOption {
	return func(f *following) { f.filters = append(f.filters, filters...) }
}

// Follow yields what is committed to the log, of any stream: first what is there, from the
// beginning or where an option says; then once a Batch without events, at which the
// history ends; then what comes, until ctx ends or the loop does. Each append comes once
// and whole, but for what no filter selects, in the order of positions, which is the same
// for everybody; nothing that was committed is ever left out, whoever committed it, in
// this process or another. To follow on after a restart is to follow After the Position of
// the last Batch.
//
// Appends of this process come at once; those of others and those in a transaction of the
// host within 100 ms. A transaction that stays open holds back what was appended after
// it. A loop body that takes its time delays nobody else: what it missed is read from the
// log. However many follow, the log is read once.
//
// What this program does not know comes as *RawEvent. An error is yielded once, as the
// last pair; the end of ctx is none. It is ErrInvalidFilter where a filter cannot be used.
func (l *Log) Follow(ctx context.Context, opts ...FollowOption) iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		f := &following{}
		After(0)(f)
		for _, o := range opts {
			o(f)
		}
		selected, err := l.selects(f.filters)
		var after int64
		var seen map[int64]bool
		if err == nil {
			after, seen, err = f.begin(ctx, l, selected)
		}
		if err != nil {
			yield(Batch{}, err)
			return
		}

		for page, err := range l.tail.Follow(ctx, after) {
			if err != nil {
				yield(Batch{}, err)
				return
			}
			if !l.hand(ctx, page, seen, selected, &after, yield) {
				return
			}
		}
	}
}

// hand yields the batches of a page, which is empty at the end of the history.
func (l *Log) hand(ctx context.Context, page tail.Page, seen map[int64]bool, s selection, after *int64, yield func(Batch, error) bool) bool {
	if len(page) == 0 {
		return yield(Batch{Position: *after}, nil)
	}
	for _, records := range page {
		*after = records[0].Position
		if seen[*after] {
			continue
		}
		batch, err := l.batch(records, s)
		if err != nil {
			yield(Batch{}, err)
			return false
		}
		if len(batch.Events) > 0 && (ctx.Err() != nil || !yield(batch, nil)) {
			return false
		}
	}
	return true
}

// batch decodes what is selected of the records of an append.
func (l *Log) batch(records []store.Record, s selection) (Batch, error) {
	b := Batch{Position: records[0].Position}
	kept, err := s.keep(records)
	for i := 0; i < len(kept) && err == nil; i++ {
		var ev AnyEvent
		ev, err = l.decode(kept[i])
		b.Events = append(b.Events, ev)
	}
	return b, err
}

// onlyNew finds the settled end of the log, and what is committed beyond it.
func onlyNew(ctx context.Context, l *Log, _ selection) (after int64, seen map[int64]bool, err error) {
	if after, err = store.SettledPosition(ctx, l.store); err != nil {
		return 0, nil, err
	}
	seen = map[int64]bool{}
	for r, err := range l.newestFirst(ctx) {
		if err != nil {
			return 0, nil, err
		}
		if r.Position <= after {
			break
		}
		seen[r.Position] = true
	}
	return after, seen, nil
}

// newestFirst yields the log from its end. A database sends all that it is asked for, so it
// is asked for little, and for more where that was not enough.
func (l *Log) newestFirst(ctx context.Context) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		var last *store.Record
		for limit := 128; ; limit *= 8 {
			read := 0
			for r, err := range l.store.Read(ctx, store.Query{Order: store.NewestFirst, Limit: limit}) {
				read++
				if err == nil && last != nil && (r.Position > last.Position || r.Position == last.Position && r.Ordinal >= last.Ordinal) {
					continue
				}
				if !yield(r, err) || err != nil {
					return
				}
				last = &r
			}
			if read < limit {
				return
			}
		}
	}
}

// Position is how far the log has settled: what is read from now on holds all that was
// committed up to it, and whoever follows After it is handed all the rest. On PostgreSQL
// it may be a little behind the last append.
func (l *Log) Position(ctx context.Context) (int64, error) {
	return store.SettledPosition(ctx, l.store)
}

// last finds the append that holds the nth selected event from the end. Where it is beyond
// the settled end, the log is followed from there, for what is committed yet, but for what
// was committed before it.
func last(ctx context.Context, l *Log, s selection, n int) (after int64, seen map[int64]bool, err error) {
	after, seen, err = onlyNew(ctx, l, s)
	if n < 1 || err != nil {
		return after, seen, err
	}
	for r, err := range l.newestFirst(ctx) {
		if err != nil {
			return 0, nil, err
		}
		delete(seen, r.Position)
		kept, err := s.keep([]store.Record{r})
		if err != nil {
			return 0, nil, err
		}
		if n -= len(kept); n == 0 {
			return min(after, r.Position-1), seen, nil
		}
	}
	return 0, nil, nil
}
