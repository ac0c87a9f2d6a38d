package ireneo

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/rebuild"
	"github.com/ireneo-dev/ireneo/store"
)

// ProjectionInfo is what is declared of a projection with rows of its own.
type ProjectionInfo struct {
	Name    string   `json:"name"`
	Kind    string   `json:"kind"`    // transactional, after the commit or by key
	Streams []string `json:"streams"` // the types of streams it is of; none: all
	Table   string   `json:"table"`
}

// Projections are those whose rows are kept up to date, by name.
func (l *Log) Projections() []ProjectionInfo {
	all := []ProjectionInfo{}
	for _, s := range l.storeds() {
		info := ProjectionInfo{Name: s.projection.name, Kind: "transactional", Streams: s.streams, Table: s.schema.Table}
		switch {
		case s.keyed():
			info.Kind, info.Streams = "by key", []string{}
		case !s.transactional:
			info.Kind = "after the commit"
		}
		all = append(all, info)
	}
	return all
}

// Rebuild is how far the table of a projection has come that is to replace the one in use.
type Rebuild struct {
	Projection string    `json:"projection"`
	Phase      string    `json:"phase"`           // starting, filling, following, done, canceled or failed
	Undo       bool      `json:"undo,omitempty"`  // it is the table that was replaced
	Running    bool      `json:"running"`         // a process is at it
	Events     int64     `json:"events"`          // read so far
	Total      int64     `json:"total"`           // to read, as far as known
	Rows       int64     `json:"rows"`            // filled so far
	Rate       int64     `json:"rate"`            // events a second, since a process took it on
	Error      string    `json:"error,omitempty"` // why it does not go on
	StartedAt  time.Time `json:"started_at"`
	ChangedAt  time.Time `json:"changed_at"`
}

// Left is how long it takes yet at this rate; zero where that is not known.
func (r Rebuild) Left() time.Duration {
	if r.Rate == 0 || !r.Running {
		return 0
	}
	return time.Duration(r.Total-r.Events) * time.Second / time.Duration(r.Rate)
}

// over reports whether it does not go on.
func (r Rebuild) over() bool { return !r.Running }

// String says it in one line.
func (r Rebuild) String() string {
	return fmt.Sprintf("%s: %s, %d of %d events", r.Projection, r.Phase, r.Events, r.Total)
}

func rebuildOf(r store.Rebuild) Rebuild {
	return Rebuild{
		Projection: r.Projection, Phase: r.Phase, Undo: r.Back, Running: r.Alive(store.Now()),
		Events: r.Events, Total: max(r.Total, r.Events), Rows: r.Rows, Rate: r.Rate, Error: r.Error,
		StartedAt: r.StartedAt.UTC(), ChangedAt: r.ChangedAt.UTC(),
	}
}

// Rebuilds says of each projection how its last rebuild goes or went, by name.
func (l *Log) Rebuilds(ctx context.Context) ([]Rebuild, error) {
	rows, err := store.Rebuilds(ctx, l.DB())
	all := make([]Rebuild, 0, len(rows))
	for _, r := range rows {
		all = append(all, rebuildOf(r))
	}
	return all, err
}

// stored is a projection with rows of its own.
type stored struct {
	*async
	transactional bool // its rows are written by the append, and every stream has one
}

// storeds are the stored projections, by name.
func (l *Log) storeds() []*stored {
	byName := map[string]*stored{}
	for _, a := range l.asyncs {
		byName[a.projection.name] = &stored{async: a}
	}
	for _, typ := range slices.Sorted(maps.Keys(l.plans)) {
		for _, m := range l.plans[typ].transactional {
			s := byName[m.projection.name]
			if s == nil {
				s = &stored{&async{readModel: m.withoutMoment()}, true}
				byName[m.projection.name] = s
			}
			if s.transactional && !slices.Contains(s.streams, typ) {
				s.streams = append(s.streams, typ)
			}
		}
	}
	return slices.SortedFunc(maps.Values(byName), func(a, b *stored) int { return cmp.Compare(a.projection.name, b.projection.name) })
}

// storedFor finds a stored projection whose rows can be made of the log alone.
func (l *Log) storedFor(name string) (*stored, error) {
	for _, s := range l.storeds() {
		if s.projection.name != name {
			continue
		}
		if s.projection.persist != nil {
			return nil, fmt.Errorf("projection %s: %w", name, ErrPersistsItself)
		}
		return s, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNotMaterialized, name)
}

// events are the types of events a row depends on; nil: all.
func (s *stored) events() []string {
	if s.transactional || s.projection.strict {
		return nil
	}
	return slices.Sorted(maps.Keys(s.projection.handlers))
}

// withoutMoment is the read model with what is told as the moment left alone, which Moment
// does not change where rows are written by the append.
func (m *readModel) withoutMoment() *readModel {
	p, plain := *m.projection, *m
	p.moment = nil
	plain.projection = &p
	return &plain
}

// source selects the streams that have a row.
func (s *stored) source(l *Log, upTo int64, tx *gorm.DB) rebuild.Source {
	return rebuild.Source{Log: l.store, Streams: s.streams, Events: s.events(), UpTo: upTo, Tx: tx}
}

// foldedStream is one stream, folded to its end.
type foldedStream struct {
	id     string
	last   int64 // the position of its last event
	events int64
	model  any
}

// models folds the streams of a source one after the other.
func (s *stored) models(ctx context.Context, l *Log, from rebuild.Source) iter.Seq2[*foldedStream, error] {
	return s.modelsOf(ctx, l, from, from.Records(ctx))
}

// modelsOf folds some streams of a source. Of those of several types with one id it is the
// one appended to last whose row is there, and only that is yielded.
func (s *stored) modelsOf(ctx context.Context, l *Log, from rebuild.Source, streams rebuild.Records) iter.Seq2[*foldedStream, error] {
	return func(yield func(*foldedStream, error) bool) {
		var before *foldedStream
		hand := func(next *foldedStream) bool {
			switch {
			case before == nil:
			case next != nil && next.id == before.id && next.last < before.last:
				before.events += next.events
				return true
			case next != nil && next.id == before.id:
				next.events += before.events
			case !yield(before, nil):
				return false
			}
			before = next
			return true
		}

		g := &gathering{log: l, of: s, from: from}
		for some, err := range streams {
			for i := 0; err == nil && i < len(some); i++ {
				var done *foldedStream
				if done, err = g.add(ctx, &some[i]); done != nil && !hand(done) {
					return
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
		done, err := g.finish(ctx)
		if err != nil {
			yield(nil, err)
			return
		}
		if done == nil || hand(done) {
			hand(nil)
		}
	}
}

// So many records of a stream are held in memory at most, so that they can be put into the
// order of replay, and not many more bytes.
const (
	held      = 1000
	heldBytes = 1 << 20
)

// gathering folds streams whose records come in the order of versions. Those of a longer
// one are folded as they come; where they are not in the order of replay it is read again
// in the end. It depends on nothing but the log.
type gathering struct {
	log  *Log
	of   *stored
	from rebuild.Source

	last    *store.Record
	events  int64
	records []*store.Record // of the stream so far, unless it is folded already
	bytes   int             // of those
	state   any             // before Final, of a stream that is longer
	latest  time.Time       // of the events in it
	again   bool            // it has to be read again
}

// add takes the next record. Where it is the first of a stream, it returns what the one
// before has come to.
func (g *gathering) add(ctx context.Context, r *store.Record) (done *foldedStream, err error) {
	if g.events > 0 && g.last.Stream != r.Stream {
		if done, err = g.finish(ctx); err != nil {
			return nil, err
		}
	}
	g.last, g.events = r, g.events+1
	switch {
	case g.again:
		return done, nil
	case g.state == nil && len(g.records) < held && g.bytes < heldBytes:
		g.records, g.bytes = append(g.records, r), g.bytes+len(r.Data)+len(r.Meta)
		return done, nil
	case g.state == nil:
		err = g.begin()
	}
	if err == nil && !g.again {
		err = g.fold(r)
	}
	return done, err
}

// begin folds what was held of a longer stream.
func (g *gathering) begin() error {
	if g.of.projection.initial != nil { // which has to be told of the last record first
		g.again, g.records = true, g.records[:0]
		return nil
	}
	g.state, g.latest = g.of.projection.empty(), time.Time{}
	for i := 0; i < len(g.records) && !g.again; i++ {
		if err := g.fold(g.records[i]); err != nil {
			return err
		}
	}
	g.records = g.records[:0]
	return nil
}

// fold folds the next record, unless replay would place it before another.
func (g *gathering) fold(r *store.Record) error {
	if r.OccurredAt.Before(g.latest) {
		g.again, g.state = true, nil
		return nil
	}
	g.latest = r.OccurredAt
	return g.of.foldInto(g.state, r)
}

// foldInto folds one record. What it adds to the event's errors rejects nothing.
func (s *stored) foldInto(state any, r *store.Record) error {
	h, err := s.projection.handlerFor(r.Type)
	if h == nil || err != nil {
		return err
	}
	ev, err := h.typ.decode(*r)
	if err == nil {
		h.apply(state, ev, r.OccurredAt)
	}
	return err
}

// finish completes the stream.
func (g *gathering) finish(ctx context.Context) (*foldedStream, error) {
	if g.events == 0 {
		return nil, nil
	}
	at, err := g.log.momentOf(g.of.projection, []store.Record{*g.last})
	if err != nil {
		return nil, err
	}
	switch {
	case g.again:
		err = g.replay(ctx, at)
	case g.state == nil:
		err = g.foldHeld(at)
	}
	if err != nil {
		return nil, err
	}

	g.of.projection.finish(g.state, at)
	done := &foldedStream{id: g.last.Stream.ID, last: g.last.Position, events: g.events, model: g.state}
	if err := g.of.setKey(done.id, done.model); err != nil {
		return nil, &ProjectionError{Projection: g.of.projection.name, Err: err}
	}
	g.records, g.bytes, g.state, g.events, g.again = g.records[:0], 0, nil, 0, false
	return done, nil
}

// foldHeld folds a stream all of which is held.
func (g *gathering) foldHeld(at time.Time) error {
	inOrder := func(a, b *store.Record) int { return a.OccurredAt.Compare(b.OccurredAt) }
	if !slices.IsSortedFunc(g.records, inOrder) {
		slices.SortStableFunc(g.records, inOrder)
	}
	g.state = g.of.projection.empty()
	g.of.projection.begin(g.state, at)
	for i := range g.records {
		if err := g.of.foldInto(g.state, g.records[i]); err != nil {
			return err
		}
	}
	return nil
}

// replay reads the stream again, in the order of replay.
func (g *gathering) replay(ctx context.Context, at time.Time) error {
	g.state = g.of.projection.empty()
	g.of.projection.begin(g.state, at)
	q := store.Query{Stream: g.last.Stream, UpToVersion: g.last.Version, Types: g.from.Events, Tx: g.from.Tx}
	for r, err := range g.log.store.Read(ctx, q) {
		if err != nil {
			return fmt.Errorf("replay %s/%s: %w", q.Stream.Type, q.Stream.ID, err)
		}
		if err := g.of.foldInto(g.state, &r); err != nil {
			return err
		}
	}
	return nil
}
