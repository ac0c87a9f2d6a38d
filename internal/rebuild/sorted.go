// Package rebuild makes the table of a projection anew: it reads the log stream by stream,
// and sees to it that one process at a time is at it, from any of which it can be canceled.
//
//	starting ──▶ filling ──▶ following ──▶ done
//	    │           │            │
//	    └───────────┴────────────┴──▶ canceled, failed
//
// The process at it has a lease, and writes only with the epoch of its own: one that has
// been away for too long writes nothing any more. Where it ends in between, the next one
// goes on from what is stored together with the rows.
package rebuild

import (
	"context"
	"iter"
	"math"
	"sort"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Log is what is read.
type Log interface {
	Read(ctx context.Context, q store.Query) iter.Seq2[store.Record, error]
}

const (
	pageRecords = 10_000  // read at once, of each type
	pageBytes   = 8 << 20 // but not many more than these
)

// Source selects streams.
type Source struct {
	Log     Log
	Streams []string // their types
	Events  []string // only events of these types; nil: all
	UpTo    int64    // only positions up to; zero: all
	After   string   // only streams whose ids come after

	// Tx is the transaction to read in, which may be used between two records. Nil reads
	// ahead outside of any.
	Tx *gorm.DB
}

// Records are the records of streams, one stream after the other and each in the order of
// versions, some at a time. An error comes once, as the last pair.
type Records = iter.Seq2[[]store.Record, error]

// Records yields the records of the streams in the order of ids. Streams of several types
// with the same id come one after the other.
func (s Source) Records(ctx context.Context) Records {
	return func(yield func([]store.Record, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var feeds []*feed
		for _, typ := range s.Streams {
			next, stop := iter.Pull2(s.pages(ctx, typ))
			defer stop()
			feeds = append(feeds, &feed{next: next})
		}

		for {
			first, err := least(feeds)
			if err == nil && first == nil {
				err = ctx.Err() // then it is not the end of the streams
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if first == nil || !yield(first.take(before(feeds, first)), nil) {
				return
			}
		}
	}
}

// feed is what is read of one type.
type feed struct {
	next func() ([]store.Record, error, bool)
	page []store.Record
	over bool
}

// least is the feed of which the next record is; nil where all are over. Of two with the
// same id it is the first, so that no stream is interrupted.
func least(feeds []*feed) (first *feed, err error) {
	for _, f := range feeds {
		if len(f.page) == 0 && !f.over {
			page, err, more := f.next()
			if err != nil {
				return nil, err
			}
			f.page, f.over = page, !more
		}
		if len(f.page) > 0 && (first == nil || f.page[0].Stream.ID < first.page[0].Stream.ID) {
			first = f
		}
	}
	return first, nil
}

// before counts the records of the first feed's page that come before those of all others.
func before(feeds []*feed, first *feed) int {
	n, earlier := len(first.page), true // earlier: it goes first with the same id
	for _, f := range feeds {
		switch {
		case f == first:
			earlier = false
		case len(f.page) > 0:
			next := f.page[0].Stream.ID
			n = sort.Search(n, func(i int) bool {
				id := first.page[i].Stream.ID
				return id > next || earlier && id == next
			})
		}
	}
	return n
}

// take takes the next n records.
func (f *feed) take(n int) []store.Record {
	taken := f.page[:n]
	f.page = f.page[n:]
	return taken
}

// pages reads the streams of one type.
func (s Source) pages(ctx context.Context, typ string) iter.Seq2[[]store.Record, error] {
	pages := func(ctx context.Context) iter.Seq2[[]store.Record, error] { return s.pagesOneByOne(ctx, typ) }
	if s.Tx != nil {
		return pages(ctx)
	}
	return ahead(ctx, pages)
}

func (s Source) pagesOneByOne(ctx context.Context, typ string) iter.Seq2[[]store.Record, error] {
	return func(yield func([]store.Record, error) bool) {
		q := store.Query{
			Order: store.ByStream, Stream: store.Stream{Type: typ, ID: s.After}, Types: s.Events,
			UpToPosition: s.UpTo, Limit: pageRecords, Tx: s.Tx,
		}
		if s.After != "" {
			q.AfterVersion = math.MaxInt64
		}
		for {
			page, err := read(ctx, s.Log, q)
			if err != nil || len(page) == 0 {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			last := page[len(page)-1]
			q.Stream, q.AfterVersion = last.Stream, last.Version
			if !yield(page, nil) {
				return
			}
		}
	}
}

// read reads one page.
func read(ctx context.Context, log Log, q store.Query) (page []store.Record, err error) {
	page = make([]store.Record, 0, pageRecords)
	bytes := 0
	for r, err := range log.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		page = append(page, r)
		if bytes += len(r.Data) + len(r.Meta); bytes > pageBytes {
			break
		}
	}
	return page, nil
}

// ahead has the next page read while one is looked at. pages ends where its ctx does, and
// has ended when ahead does.
func ahead[T any](ctx context.Context, pages func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	type read struct {
		page T
		err  error
	}
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		next := make(chan read)
		go func() {
			defer close(next)
			for page, err := range pages(ctx) {
				select {
				case next <- read{page, err}:
				case <-ctx.Done():
					return
				}
			}
		}()
		defer func() {
			cancel()
			for range next {
				continue // until it has ended
			}
		}()
		for r := range next {
			if !yield(r.page, r.err) || r.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil { // then it is not the end of the pages
			var none T
			yield(none, err)
		}
	}
}

// Pages reads the log by positions after one and up to another, in whole batches. Zero
// reads to the end: as far as it is settled, or, in tx, as far as that sees. In tx no page is
// read while one is looked at; outside of any, one is read ahead. An error is yielded once,
// as the last pair.
func Pages(ctx context.Context, log Log, after, upTo int64, tx *gorm.DB) iter.Seq2[[][]store.Record, error] {
	pages := func(ctx context.Context) iter.Seq2[[][]store.Record, error] {
		return pagesOneByOne(ctx, log, after, upTo, tx)
	}
	if tx != nil {
		return pages(ctx)
	}
	return ahead(ctx, pages)
}

func pagesOneByOne(ctx context.Context, log Log, after, upTo int64, tx *gorm.DB) iter.Seq2[[][]store.Record, error] {
	return func(yield func([][]store.Record, error) bool) {
		q := store.Query{Order: store.ByPosition, AfterPosition: after, UpToPosition: upTo, Limit: pageRecords, Tx: tx}
		for {
			records, err := readWhole(ctx, log, q)
			if err != nil || len(records) == 0 {
				if err != nil {
					yield(nil, err)
				}
				return
			}
			q.AfterPosition = records[len(records)-1].Position
			if !yield(batches(records), nil) {
				return
			}
		}
	}
}

// readWhole reads one page, which ends with a batch.
func readWhole(ctx context.Context, log Log, q store.Query) (records []store.Record, err error) {
	bytes := 0
	for r, err := range log.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		if bytes > pageBytes && r.Position != records[len(records)-1].Position {
			break
		}
		records, bytes = append(records, r), bytes+len(r.Data)+len(r.Meta)
	}
	return records, nil
}

func batches(records []store.Record) (page [][]store.Record) {
	from := 0
	for i := range records {
		if i+1 == len(records) || records[i+1].Position != records[from].Position {
			page = append(page, records[from:i+1:i+1])
			from = i + 1
		}
	}
	return page
}
