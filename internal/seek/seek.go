// Package seek looks through the log for records that no index finds, a bounded piece at
// a time: whoever asks waits no longer than they said, and is told how far it came.
package seek

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// Seek is one look through the log.
type Seek struct {
	Log     store.Pages
	Parts   []store.Browse             // a record of any of them will do; they differ in what they select, not in where
	Indexed bool                       // the database finds each of the parts by an index
	Fits    func(r *store.Record) bool // nil: all do
	Limit   int                        // of records
	Until   time.Time                  // gives up then
}

// maxOrdinal is no less than any place in an append.
const maxOrdinal = 1<<20 - 1

// How much is looked at at once: records that Fits compares, bytes of them, also until the
// time is looked at, and positions among which the database looks for what no index has.
const (
	firstChunk = 50
	maxChunk   = 1000
	chunkBytes = 4 << 20
	tickBytes  = 256 << 10
	firstWidth = 20_000
	maxWidth   = 500_000
)

// Run finds at most Limit records, those first that are nearest to where the parts begin.
// stopped, if it is not nil, is where it gave up: everything before that was looked at.
func (s Seek) Run(ctx context.Context) (found []store.Record, stopped *store.Point, err error) {
	return s.run(ctx, firstChunk, firstWidth)
}

func (s Seek) run(ctx context.Context, chunk int, width int64) (found []store.Record, stopped *store.Point, err error) {
	for _, part := range s.Parts {
		if part.Limit = s.Limit; s.Fits != nil {
			part.Limit = chunk
		}
		records, end, err := s.look(ctx, &window{rest: part, width: width})
		if err != nil {
			return nil, nil, err
		}
		if end != nil && (stopped == nil || s.order(*end, *stopped) < 0) {
			stopped = end
		}
		found = append(found, records...)
	}
	slices.SortFunc(found, func(a, b store.Record) int { return s.order(pointOf(a), pointOf(b)) })
	same := func(a, b store.Record) bool { return pointOf(a) == pointOf(b) } // found in two parts
	found = slices.CompactFunc(found, same)
	if stopped != nil { // what lies beyond was not looked at in all parts
		found = slices.DeleteFunc(found, func(r store.Record) bool { return s.order(pointOf(r), *stopped) > 0 })
	}
	if len(found) >= s.Limit {
		return found[:s.Limit], nil, nil
	}
	return found, stopped, nil
}

// order is negative where a is met before b.
func (s Seek) order(a, b store.Point) int {
	order := cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Ordinal, b.Ordinal))
	if s.Parts[0].Oldest {
		return order
	}
	return -order
}

func pointOf(r store.Record) store.Point {
	return store.Point{Position: r.Position, Ordinal: r.Ordinal}
}

// look looks through one part.
func (s Seek) look(ctx context.Context, w *window) (found []store.Record, stopped *store.Point, err error) {
	if !s.Indexed {
		if w.head, err = head(ctx, s.Log); err != nil {
			return nil, nil, err
		}
	}
	for !w.over {
		records, err := s.Log.Browse(ctx, w.piece())
		if err != nil {
			return nil, nil, err
		}
		bytes := 0 // since the time was looked at
		for i := range records {
			if s.Fits == nil || s.Fits(&records[i]) {
				found = append(found, records[i])
			}
			if len(found) == s.Limit || ctx.Err() != nil {
				return found, nil, ctx.Err()
			}
			if bytes += sizeOf(records[i]); bytes < tickBytes {
				continue
			}
			if bytes = 0; time.Now().After(s.Until) {
				at := pointOf(records[i])
				return found, &at, nil
			}
		}
		w.pass(records)
		if !w.over && time.Now().After(s.Until) { // nothing was found in a great piece
			at := w.at()
			return found, &at, nil
		}
		if s.Fits != nil {
			w.resize(records)
		}
	}
	return found, nil, nil
}

// window is what is left of a part, and the piece of it that is looked at next.
type window struct {
	rest  store.Browse
	head  int64 // the last position of the log; 0: pieces are not bounded by positions
	width int64
	end   store.Point // of the piece; zero: it is that of rest
	over  bool
}

// at is where rest begins.
func (w *window) at() store.Point {
	if w.rest.Oldest {
		return w.rest.After
	}
	return w.rest.Before
}

// piece is the next one.
func (w *window) piece() store.Browse {
	piece := w.rest
	w.end = store.Point{}
	switch {
	case w.head == 0:
	case w.rest.Oldest:
		end := w.rest.After.Position + w.width + 1
		if end <= w.head && (w.rest.Before == (store.Point{}) || end < w.rest.Before.Position) {
			w.end = store.Point{Position: end}
			piece.Before = w.end
		}
	default:
		begin := w.head + 1
		if w.rest.Before != (store.Point{}) {
			begin = min(begin, w.rest.Before.Position)
		}
		if end := begin - w.width; end > w.rest.After.Position {
			w.end = store.Point{Position: end, Ordinal: maxOrdinal}
			piece.After = w.end
		}
	}
	return piece
}

// pass leaves behind what was looked at.
func (w *window) pass(records []store.Record) {
	switch {
	case len(records) == w.rest.Limit: // there may be more in the piece
		w.move(pointOf(records[len(records)-1]))
	case w.end == store.Point{}:
		w.over = true
	case w.rest.Oldest:
		w.move(store.Point{Position: w.end.Position - 1, Ordinal: maxOrdinal})
		w.width = min(2*w.width, maxWidth)
	default:
		w.move(store.Point{Position: w.end.Position + 1})
		w.width = min(2*w.width, maxWidth)
	}
}

func sizeOf(r store.Record) int { return len(r.Data) + len(r.Meta) }

// resize makes the next piece as large as the size of the records allows.
func (w *window) resize(records []store.Record) {
	bytes := 0
	for _, r := range records {
		bytes += sizeOf(r)
	}
	if bytes > chunkBytes {
		w.rest.Limit = max(w.rest.Limit/2, 1)
	} else {
		w.rest.Limit = min(2*w.rest.Limit, maxChunk)
	}
}

func (w *window) move(to store.Point) {
	if w.rest.Oldest {
		w.rest.After = to
	} else {
		w.rest.Before = to
	}
}

// head is the last position of the log.
func head(ctx context.Context, log store.Pages) (int64, error) {
	last, err := log.Browse(ctx, store.Browse{Limit: 1})
	if err != nil || len(last) == 0 {
		return 0, err
	}
	return last[0].Position, nil
}
