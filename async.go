package ireneo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/runner"
	"github.com/ireneo-dev/ireneo/internal/tail"
	"github.com/ireneo-dev/ireneo/store"
)

// async is a projection whose rows are kept up after the commit.
type async struct {
	*readModel
	streams []string // the types of streams it is of, one row a stream; nil: all, one row a key
}

// keyed reports whether the rows are by key and over all streams.
func (a *async) keyed() bool { return a.streams == nil }

// declareAsync collects the projections that are kept up after the commit.
func (l *Log) declareAsync() (mistakes []error) {
	byName := map[string]*async{}
	add := func(p *projection, streamType string) {
		a := byName[p.name]
		if a == nil {
			m, err := l.readModelFor(p)
			mistakes = append(mistakes, err, p.mayBeAsync(streamType == "", m, l.readModels[p.name] != nil))
			a = &async{readModel: m}
			byName[p.name] = a
			if m != nil {
				l.readModels[p.name] = m
				l.asyncs = append(l.asyncs, a)
			}
		}
		if streamType != "" {
			a.streams = append(a.streams, streamType)
		}
	}
	for _, p := range l.config.Projections {
		add(p.untyped(), "")
	}
	for _, s := range l.config.Streams {
		for _, p := range s.Async {
			add(p.untyped(), s.Type)
		}
	}
	return mistakes
}

// mayBeAsync says what keeps a projection from being kept up after the commit.
func (p *projection) mayBeAsync(keyed bool, m *readModel, taken bool) error {
	problem := func(text string) error { return fmt.Errorf("projection %s: %s", p.name, text) }
	switch {
	case m == nil:
		return nil // reported already
	case taken:
		return problem("its rows are kept up in another way already: name it once, in a stream's Transactional or Async or in Config.Projections")
	case p.every > 0:
		return problem("Snapshot keeps states for appends, and none folds it: leave Snapshot out")
	case !storedName.MatchString(p.name):
		return problem("name it in lower case letters, digits, _ and dots")
	case !keyed:
		return nil
	case p.final != nil:
		return problem("over many streams its rows are its state, and Final would be folded on: compute that where the row is shown")
	case p.persist != nil:
		return problem("over many streams its rows are its state, and PersistWith would keep them elsewhere")
	}
	for _, f := range m.schema.Fields {
		if f.DBName == "" || !f.Creatable || !f.Readable {
			return problem("over many streams its rows are its state, but the field " + f.Name + " is not stored")
		}
	}
	return nil
}

func (l *Log) projectionJob(a *async) (runner.Job, error) {
	p := a.projection
	j := runner.Job{
		Name: p.name, Kind: "projection", From: fromBeginning, InTx: true, Chunk: 1000, Wait: p.wait,
		Attempts: 5, Backoff: 100 * time.Millisecond,
		Begin: func() runner.Work { return a.begin(l) },
	}
	return j, l.filter(&j, p.handles(a.streams))
}

func (a *async) begin(l *Log) runner.Work {
	return a.fold(l, a.schema.Table)
}

// fold is the work that keeps up the rows in a table.
func (a *async) fold(l *Log, table string) runner.Work {
	if a.keyed() {
		return &keyFold{log: l, async: a, table: table}
	}
	cache, err := lru.New[store.Stream, *folded](l.config.CachedStreams)
	if err != nil {
		panic(err) // Open has made one of this size
	}
	return &streamFold{log: l, async: a, table: table, cache: cache}
}

// folded is a stream's state, which is not changed once it is cached.
type folded struct {
	occurredAt time.Time // the latest of all events in it
	state      any       // before Final
}

// streamFold keeps one row a stream. A row is what a replay of its stream up to the cursor
// gives. It belongs to one goroutine.
type streamFold struct {
	log    *Log
	async  *async
	table  string
	cache  *lru.Cache[store.Stream, *folded]
	staged map[store.Stream]*folded // becomes cached with the commit
}

// Handle implements [runner.Work].
func (f *streamFold) Handle(ctx context.Context, tx *gorm.DB, page tail.Page) error {
	streams, records := byStream(page)
	f.staged = make(map[store.Stream]*folded, len(streams))
	rows := make([]store.Row, 0, len(streams))
	for _, s := range streams {
		at, err := f.log.momentOf(f.async.projection, records[s])
		if err != nil {
			return err
		}
		if f.staged[s], err = f.fold(ctx, tx, s, records[s], at); err != nil {
			return err
		}
		row, err := f.log.asyncRow(f.async, s.ID, f.async.projection.finished(f.staged[s].state, at))
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return f.log.writeRows(ctx, tx, f.async, f.table, rows)
}

// Committed implements [runner.Work].
func (f *streamFold) Committed() {
	for s, state := range f.staged {
		f.cache.Add(s, state)
	}
}

// byStream are the records of a page by their streams. Of two streams with one id, of
// several types, the row is of the one appended to last, and so that comes last.
func byStream(page tail.Page) (streams []store.Stream, records map[store.Stream][]store.Record) {
	records = map[store.Stream][]store.Record{}
	for _, batch := range page {
		for _, r := range batch {
			if records[r.Stream] == nil {
				streams = append(streams, r.Stream)
			}
			records[r.Stream] = append(records[r.Stream], r)
		}
	}
	last := func(s store.Stream) int64 { return records[s][len(records[s])-1].Position }
	slices.SortStableFunc(streams, func(a, b store.Stream) int { return cmp.Compare(last(a), last(b)) })
	return streams, records
}

// fold folds new records of a stream onto what is known of it, or replays the stream up
// to the last of them.
func (f *streamFold) fold(ctx context.Context, tx *gorm.DB, s store.Stream, records []store.Record, at time.Time) (*folded, error) {
	p := f.async.projection
	base, _ := f.cache.Get(s)
	if records[0].Version == 1 { // what is cached of it was removed, or nothing is
		base = &folded{state: p.empty()}
	}
	if base == nil || p.initial != nil || retroactive(base.occurredAt, records) {
		return f.log.foldStream(ctx, p, store.Query{Stream: s, UpToVersion: records[len(records)-1].Version, Tx: tx}, at)
	}
	next := &folded{base.occurredAt, p.copy(base.state)}
	for _, r := range records {
		if _, err := f.log.foldInto(p, next, r); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// retroactive reports whether replay would place a record before what is folded already.
func retroactive(latest time.Time, records []store.Record) bool {
	for _, r := range records {
		if r.OccurredAt.Before(latest) {
			return true
		}
		latest = r.OccurredAt
	}
	return false
}

// foldStream replays the part of a stream that q selects.
func (l *Log) foldStream(ctx context.Context, p *projection, q store.Query, at time.Time) (*folded, error) {
	f := &folded{state: p.empty()}
	p.begin(f.state, at)
	for r, err := range l.store.Read(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("replay %s/%s: %w", q.Stream.Type, q.Stream.ID, err)
		}
		if _, err := l.foldInto(p, f, r); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// foldInto folds one record where the projection interprets it, and returns its event then.
func (l *Log) foldInto(p *projection, f *folded, r store.Record) (AnyEvent, error) {
	h, err := p.handlerFor(r.Type)
	if h == nil || err != nil {
		return nil, err
	}
	ev, err := h.typ.decode(r)
	if err != nil {
		return nil, err
	}
	l.interpret(p, h, f.state, ev, r)
	f.occurredAt = later(f.occurredAt, r.OccurredAt)
	return ev, nil
}

// interpret applies one event. Errors it adds reject nothing any more.
func (l *Log) interpret(p *projection, h *handler, state any, ev AnyEvent, r store.Record) {
	h.apply(state, ev, r.OccurredAt)
	if added := ev.Errors().own; len(added) > 0 {
		l.warnIgnored(p, added, ev)
		ev.Errors().clear()
	}
}

// momentOf is what Initial and Final are told: when the last event was recorded, or what
// the projection says.
func (l *Log) momentOf(p *projection, records []store.Record) (time.Time, error) {
	last := records[len(records)-1]
	if p.moment == nil {
		return last.RecordedAt, nil
	}
	ev, err := l.decode(last)
	if err != nil {
		return time.Time{}, err
	}
	return moment(p.moment(ev)), nil
}

// asyncRow makes the row of a model, which must satisfy its own tags.
func (l *Log) asyncRow(a *async, key string, model any) (store.Row, error) {
	if err := a.setKey(key, model); err != nil {
		return store.Row{}, &ProjectionError{Projection: a.projection.name, Err: err}
	}
	if problems := l.validator.Struct(model); len(problems) > 0 {
		return store.Row{}, fmt.Errorf("row %s: %w", key, &ProjectionError{
			Projection: a.projection.name, Err: &InvalidStateError{Errors: fieldErrors(problems)},
		})
	}
	return a.row(model), nil
}

func (l *Log) writeRows(ctx context.Context, tx *gorm.DB, a *async, table string, rows []store.Row) error {
	for i := range rows {
		rows[i].Table = table
	}
	err := l.store.InsertTx(ctx, tx, &store.Batch{Rows: rows})
	var row *store.RowError
	if errors.As(err, &row) {
		return &ProjectionError{Projection: a.projection.name, Err: row.Err}
	}
	return err
}

// keyFold keeps one row a key, over all streams. The row itself is the state, onto which
// events are folded in the order of positions.
type keyFold struct {
	log   *Log
	async *async
	table string
}

// Handle implements [runner.Work].
func (f *keyFold) Handle(ctx context.Context, tx *gorm.DB, page tail.Page) error {
	keys, changes, err := f.changes(page)
	if err != nil {
		return err
	}
	models, err := f.load(ctx, tx, keys)
	if err != nil {
		return err
	}
	var rows []store.Row
	for _, key := range keys {
		model := models[key]
		if model == nil {
			at, err := f.log.momentOf(f.async.projection, []store.Record{changes[key][0].record})
			if err != nil {
				return err
			}
			model = f.async.projection.empty()
			f.async.projection.begin(model, at)
		}
		for _, c := range changes[key] {
			f.log.interpret(f.async.projection, c.handler, model, c.event, c.record)
		}
		row, err := f.log.asyncRow(f.async, key, model)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	return f.log.writeRows(ctx, tx, f.async, f.table, rows)
}

// Committed implements [runner.Work].
func (*keyFold) Committed() {}

// change is one event for one row.
type change struct {
	handler *handler
	event   AnyEvent
	record  store.Record
}

// changes are the events of a page by the rows they are for.
func (f *keyFold) changes(page tail.Page) (keys []string, changes map[string][]change, err error) {
	records := slices.Concat(page...)
	events := f.async.projection.decodeAhead(records)
	changes = map[string][]change{}
	for i, r := range records {
		h, err := f.async.projection.handlerFor(r.Type)
		if err != nil {
			return nil, nil, err
		}
		if h == nil {
			continue
		}
		ev := events[i]
		if ev == nil {
			if ev, err = h.typ.decode(r); err != nil {
				return nil, nil, err
			}
		}
		key := h.keyOf(ev)
		if key == "" {
			continue
		}
		if changes[key] == nil {
			keys = append(keys, key)
		}
		changes[key] = append(changes[key], change{h, ev, r})
	}
	return keys, changes, nil
}

// decodedTogether is how many records one goroutine decodes at least.
const decodedTogether = 256

// decodeAhead decodes records on all processors. What the projection does not interpret is
// nil, and so is what fails or panics: it is decoded again in its turn, and fails there.
func (p *projection) decodeAhead(records []store.Record) []AnyEvent {
	events := make([]AnyEvent, len(records))
	size := max(decodedTogether, (len(records)-1)/runtime.GOMAXPROCS(0)+1)
	var wg sync.WaitGroup
	for first := 0; first < len(records); first += size {
		wg.Go(func() {
			defer func() { _ = recover() }()
			for i := first; i < min(first+size, len(records)); i++ {
				if h, err := p.handlerFor(records[i].Type); h != nil && err == nil {
					events[i], _ = h.typ.decode(records[i])
				}
			}
		})
	}
	wg.Wait()
	return events
}

// load reads the rows there are, by key.
func (f *keyFold) load(ctx context.Context, tx *gorm.DB, keys []string) (map[string]any, error) {
	models := map[string]any{}
	for part := range slices.Chunk(keys, 500) {
		found := reflect.New(reflect.SliceOf(f.async.projection.model))
		err := tx.WithContext(ctx).Table(f.table).Where(map[string]any{f.async.key.DBName: part}).Find(found.Interface()).Error
		if err != nil {
			return nil, fmt.Errorf("projection %s: read its rows: %w", f.async.projection.name, err)
		}
		for i := range found.Elem().Len() {
			model := found.Elem().Index(i)
			models[f.async.key.ReflectValueOf(ctx, model).String()] = model.Addr().Interface()
		}
	}
	return models, nil
}
