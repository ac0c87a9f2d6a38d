package ireneotest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"github.com/ireneo-dev/ireneo/store"
)

// errNoDatabase is the answer to all that commands do not need.
var errNoDatabase = fmt.Errorf("a test of commands has a log in memory and no tables: open a database with ireneotest.SQLite or Each for this: %w", errors.ErrUnsupported)

// memory is a store for what commands do: it keeps records, checks guards, and answers
// Read and Browse. Rows of read models are not kept, nor what is on record of executions.
type memory struct {
	inserting sync.Mutex // held by Insert, also while a guard looks at the log

	mu  sync.Mutex
	log []store.Record // in its order; only ever appended to
	db  *gorm.DB
}

var _ store.Store = (*memory)(nil)

func newMemory() (*memory, error) {
	db, err := gorm.Open(noDatabase{}, &gorm.Config{Logger: logger.Discard})
	return &memory{db: db}, err
}

// records are those of the log. They are not to be changed.
func (m *memory) records() []store.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log
}

// Writers is none: there is nothing to commit.
func (m *memory) Writers() int { return 0 }

// Insert writes the batches, one after the other, or none.
func (m *memory) Insert(ctx context.Context, batches ...*store.Batch) error {
	m.inserting.Lock()
	defer m.inserting.Unlock()
	before := m.records()
	for _, b := range batches {
		if err := m.insert(ctx, b); err != nil {
			m.mu.Lock()
			m.log = before
			m.mu.Unlock()
			if !errors.As(err, new(*store.MovedError)) {
				err = fmt.Errorf("insert: %w", err)
			}
			return err
		}
	}
	return nil
}

func (m *memory) insert(ctx context.Context, b *store.Batch) error {
	log := m.records()
	if b.Guard != nil {
		if err := m.check(ctx, b.Guard); err != nil {
			return err
		}
	}
	added := slices.Clone(b.Records)
	position := int64(1)
	if len(log) > 0 {
		position = log[len(log)-1].Position + 1
	}
	for i := range added {
		r := &added[i]
		r.Position, r.Ordinal = position, i+1
		if err := place(r, slices.Concat(log, added[:i])); err != nil {
			return err
		}
	}

	copy(b.Records, added)
	if b.Execution != nil && len(added) > 0 {
		b.Execution.Position = position
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(slices.Clip(log), added...)
	return nil
}

// check looks at what a batch was decided on.
func (m *memory) check(ctx context.Context, g *store.Guard) error {
	for _, at := range g.Streams {
		if actual := lastOf(m.records(), at.Stream).Version; actual != at.Version {
			return &store.MovedError{Stream: at.Stream, Expected: at.Version, Actual: actual}
		}
	}
	if g.Unless == nil {
		return nil
	}
	return g.Unless(ctx, m.db)
}

// place gives a record its place in its stream, if that is free.
func place(r *store.Record, log []store.Record) error {
	last := lastOf(log, r.Stream)
	if r.Version == 0 {
		r.Version = last.Version + 1
		if last.RecordedAt.After(r.RecordedAt) {
			r.RecordedAt = last.RecordedAt
		}
		if r.OccurredAt.IsZero() {
			r.OccurredAt = r.RecordedAt
		}
	}
	for _, other := range log {
		switch {
		case other.EventID == r.EventID:
			return store.ErrEventTaken
		case other.Stream != r.Stream:
		case other.Version == r.Version:
			return store.ErrVersionTaken
		case r.IdempotencyKey != "" && other.IdempotencyKey == r.IdempotencyKey:
			return store.ErrKeyTaken
		}
	}
	return nil
}

func lastOf(log []store.Record, stream store.Stream) (last store.Record) {
	for _, r := range log {
		if r.Stream == stream && r.Version > last.Version {
			last = r
		}
	}
	return last
}

// Read yields the records that match q in q's order. All that is there is settled.
func (m *memory) Read(_ context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		if q.Order == store.ByStream {
			yield(store.Record{}, errNoDatabase)
			return
		}
		for _, r := range selected(m.records(), q) {
			if !yield(own(r), nil) {
				return
			}
		}
	}
}

// Settled is the last position there is.
func (m *memory) Settled(context.Context) (int64, error) {
	all := m.records()
	if len(all) == 0 {
		return 0, nil
	}
	return all[len(all)-1].Position, nil
}

// own is a copy that nobody else has.
func own(r store.Record) store.Record {
	r.Data, r.Meta = bytes.Clone(r.Data), bytes.Clone(r.Meta)
	return r
}

// selected are the records of q, in its order.
func selected(log []store.Record, q store.Query) (found []store.Record) {
	for _, r := range log {
		if matches(r, q) {
			found = append(found, r)
		}
	}
	switch q.Order {
	case store.NewestFirst:
		slices.Reverse(found)
	case store.ByPosition:
		return wholeBatches(found, q)
	default:
		slices.SortStableFunc(found, order(q))
	}
	return limited(found, q.Limit)
}

// matches reports whether the bounds of q that its order looks at leave a record in.
func matches(r store.Record, q store.Query) bool {
	below := q.UpToPosition == 0 || r.Position <= q.UpToPosition
	known := q.RecordedUntil.IsZero() || !r.RecordedAt.After(q.RecordedUntil)
	so := q.OccurredUntil.IsZero() || !r.OccurredAt.After(q.OccurredUntil)
	switch {
	case q.Several != nil:
		return below && known && so &&
			slices.ContainsFunc(q.Several, func(at store.At) bool { return at.Stream == r.Stream && r.Version > at.Version })
	case q.Order == store.NewestFirst:
		return below
	case q.Order == store.ByPosition:
		return below && r.Position > q.AfterPosition
	case q.EventID != [16]byte{} && r.EventID != q.EventID, q.Stream != store.Stream{} && r.Stream != q.Stream:
		return false
	}
	return below && known && so && r.Version > q.AfterVersion && (q.UpToVersion == 0 || r.Version <= q.UpToVersion) &&
		(q.Types == nil || slices.Contains(q.Types, r.Type)) &&
		(q.IdempotencyKey == "" || r.IdempotencyKey == q.IdempotencyKey) &&
		(q.After == nil || byOccurrence(r, store.Record{OccurredAt: q.After.OccurredAt, Version: q.After.Version}) > 0)
}

func byOccurrence(a, b store.Record) int {
	return cmp.Or(a.OccurredAt.Compare(b.OccurredAt), cmp.Compare(a.Version, b.Version))
}

// order compares two records of q within their streams, which come as q names them.
func order(q store.Query) func(a, b store.Record) int {
	place := func(r store.Record) int {
		return slices.IndexFunc(q.Several, func(at store.At) bool { return at.Stream == r.Stream })
	}
	return func(a, b store.Record) int {
		switch q.Order {
		case store.ByVersion:
			return cmp.Compare(a.Version, b.Version)
		case store.LastFirst:
			return cmp.Compare(b.Version, a.Version)
		default:
			return cmp.Or(cmp.Compare(place(a), place(b)), byOccurrence(a, b))
		}
	}
}

// wholeBatches are as many records as q wants, and what else belongs to the last batch,
// unless q is about several streams.
func wholeBatches(found []store.Record, q store.Query) []store.Record {
	first := limited(found, q.Limit)
	for q.Several == nil && len(first) < len(found) && found[len(first)].Position == first[len(first)-1].Position {
		first = found[:len(first)+1]
	}
	return first
}

func limited(found []store.Record, limit int) []store.Record {
	if limit > 0 && limit < len(found) {
		return found[:limit]
	}
	return found
}

// Browse returns records of a part of the log.
func (m *memory) Browse(_ context.Context, q store.Browse) (found []store.Record, err error) {
	if q.Correlation != "" || q.Causation != "" {
		return nil, errNoDatabase
	}
	if q.Nothing() {
		return nil, nil
	}
	for _, r := range m.records() {
		if browsed(r, q) {
			found = append(found, own(r))
		}
	}
	if !q.Oldest {
		slices.Reverse(found)
	}
	return limited(found, q.Limit), nil
}

func browsed(r store.Record, q store.Browse) bool {
	at := store.Point{Position: r.Position, Ordinal: r.Ordinal}
	ofID := r.Stream.ID == q.Stream.ID || q.Stream.ID == "" || q.Prefix && strings.HasPrefix(r.Stream.ID, q.Stream.ID)
	return (q.Types == nil || slices.Contains(q.Types, r.Type)) &&
		(q.Stream.Type == "" || r.Stream.Type == q.Stream.Type && ofID) &&
		(q.After == store.Point{} || before(q.After, at)) && (q.Before == store.Point{} || before(at, q.Before)) &&
		(q.RecordedFrom.IsZero() || !r.RecordedAt.Before(q.RecordedFrom)) &&
		(q.RecordedUntil.IsZero() || !r.RecordedAt.After(q.RecordedUntil))
}

func before(a, b store.Point) bool {
	return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Ordinal, b.Ordinal)) < 0
}

// What follows is there so that a memory is a store. Commands do without.

func (m *memory) DB() *gorm.DB { return m.db }
func (m *memory) Close() error { return nil }

func (m *memory) InsertTx(context.Context, *gorm.DB, *store.Batch) error { return errNoDatabase }
func (m *memory) Listen(context.Context, func()) error                   { return errNoDatabase }
func (m *memory) Holders(context.Context) ([]store.Holder, error)        { return nil, errNoDatabase }

func (m *memory) Info(context.Context) (store.Info, error) { return store.Info{}, errNoDatabase }

func (m *memory) Migrations(fs.FS) ([]*goose.Provider, error) { return nil, errNoDatabase }

func (m *memory) Shadow(context.Context, string) (string, error) { return "", errNoDatabase }
func (m *memory) Discard(context.Context, string) error          { return errNoDatabase }

func (m *memory) Heads(context.Context, store.Heads) ([]store.Record, error) {
	return nil, errNoDatabase
}

func (m *memory) Sample(context.Context, []int64) ([]store.Record, error) {
	return nil, errNoDatabase
}

func (m *memory) Fill(context.Context, string, []string, [][]any, func(*gorm.DB) error) error {
	return errNoDatabase
}

func (m *memory) Swap(context.Context, string, string, func(*gorm.DB) error) error {
	return errNoDatabase
}
