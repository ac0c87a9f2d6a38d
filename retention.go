package ireneo

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/rebuild"
	"github.com/ireneo-dev/ireneo/store"
)

// removals are in every log with streams that are not kept for ever.
var removals = &Stream{Type: "ireneo.removal", Purpose: "What retention has removed of the streams of one type", Pattern: "{stream type}"}

// StreamsRemoved is recorded in the commit that removes streams, in ireneo.removal/{stream
// type}. Who did it is in the meta, if the context of Retain has any; which streams they
// were is not on record, since ids may be what had to go.
type StreamsRemoved struct {
	Event `name:"ireneo.streams_removed"`

	Retention string   `json:"retention"` // as it was declared: 10 years after closing
	Streams   int64    `json:"streams"`
	Events    int64    `json:"events"`
	Despite   []string `json:"despite,omitempty"` // see RetainOptions
}

// RetainOptions say what Retain does.
type RetainOptions struct {
	// Remove removes what need not be kept. Otherwise nothing is changed, and the answer is
	// what would be removed.
	Remove bool

	// Despite names what shall hold nothing back: subscriptions that this program does not
	// declare any more, and projections over many streams, which then keep rows that could
	// not be made again of what is left in the log.
	Despite []string

	// Report, if not nil, is called from the goroutine that calls Retain, some times a
	// second and when a type of streams is done.
	Report func(Retained)
}

// Retained says of the streams of one type what became of those whose time is over.
type Retained struct {
	Stream    string `json:"stream"`    // the type
	Retention string `json:"retention"` // 10 years after closing
	Removed   bool   `json:"removed"`   // else they would be
	Streams   int64  `json:"streams"`   // removed
	Events    int64  `json:"events"`    // that were in them
	Held      []Held `json:"held"`      // why others had to stay
}

// Held says who still needs streams, and why. A stream is counted once, for the first who
// needs it.
type Held struct {
	By      string `json:"by"` // a subscription or a projection
	Why     string `json:"why"`
	Streams int64  `json:"streams"`
}

// Why streams are held back.
const (
	heldByRebuild = "its rows are being rebuilt"
	heldByCursor  = "has not come to their end yet"
	heldByRows    = "has rows of many streams, which could not be made again"
	heldByShared  = "has one row for them and for streams of another type with the same ids"
	heldByLetter  = "has put an append of them aside, to be tried again"
)

// Retain removes the streams whose time is over, as their types declare in Retention: those
// with a closing event that was recorded so long ago. A stream is removed as a whole, with
// its events, its snapshots and its rows in projections, also in the tables that UndoRebuild
// would bring back; one that is open is never touched, since its state is the fold of all
// its events. What was removed is on record as StreamsRemoved, in the same commit, of which
// each takes some streams: appends and subscriptions go on meanwhile.
//
// Nothing is removed that somebody still needs: a subscription or projection that has not
// come so far, running or not, or has put an append of the stream aside; a rebuild that is
// going on or was interrupted. A projection over many streams that has made rows of such
// events holds them back, because Verify and Rebuild would make others of what is left; with
// Despite its rows stay as they are, and that is so. A subscription that is declared later
// never sees what is gone.
//
// It does nothing unless Remove is set. An id that was removed is not to be used again:
// processes that run since before may know it as closed, or fold onto what it was. On an
// error what was removed before stays so, as the answer says, and Retain may be called
// again.
func (l *Log) Retain(ctx context.Context, options RetainOptions) ([]Retained, error) {
	deliveries, err := l.Deliveries(ctx) // whoever has never run needs everything, and has a cursor from now on
	if err != nil {
		return nil, err
	}
	if err := l.checkDespite(options.Despite, deliveries); err != nil {
		return nil, err
	}
	all := []Retained{}
	for _, typ := range slices.Sorted(maps.Keys(l.plans)) {
		p := l.plans[typ]
		if p.stream.Retention == (AfterClosing{}) {
			continue
		}
		r := l.retaining(p, options)
		err := r.run(ctx)
		all = append(all, r.done)
		if err != nil {
			return all, fmt.Errorf("retain %s: %w", typ, err)
		}
	}
	return all, nil
}

// checkDespite refuses to pass over those who have to be waited for.
func (l *Log) checkDespite(names []string, deliveries []Delivery) error {
	for _, name := range names {
		keyed := slices.ContainsFunc(l.asyncs, func(a *async) bool { return a.keyed() && a.projection.name == name })
		gone := slices.ContainsFunc(deliveries, func(d Delivery) bool { return d.Name == name && !d.Declared })
		if !keyed && !gone {
			return fmt.Errorf("%w that retention may pass over: %s is neither a projection over many streams nor left from another program", ErrUnknownSubscription, name)
		}
	}
	return nil
}

// retaining is what Retain does with the streams of one type.
type retaining struct {
	log     *Log
	plan    *plan
	options RetainOptions
	rows    []*stored // one of each stream
	keyed   []*async  // over many streams
	report  func(Retained)
	done    Retained
}

func (l *Log) retaining(p *plan, options RetainOptions) *retaining {
	s := p.stream
	r := &retaining{log: l, plan: p, options: options}
	r.done = Retained{Stream: s.Type, Retention: s.Retention.String(), Removed: options.Remove, Held: []Held{}}
	r.report = rebuild.Throttled(options.Report, func(Retained) bool { return false })
	for _, of := range l.storeds() {
		switch {
		case of.keyed():
			r.keyed = append(r.keyed, of.async)
		case slices.Contains(of.streams, s.Type):
			r.rows = append(r.rows, of)
		}
	}
	return r
}

// So much is removed in one commit, unless one stream alone has more.
const (
	removedStreams = 100
	removedEvents  = 10_000
)

func (r *retaining) run(ctx context.Context) error {
	var ids []string
	events := int64(0)
	for head, err := range r.expired(ctx) {
		if err != nil {
			return err
		}
		if len(ids) == removedStreams || len(ids) > 0 && events+head.Version > removedEvents {
			if err := r.take(ctx, ids); err != nil {
				return err
			}
			ids, events = nil, 0
		}
		ids, events = append(ids, head.ID), events+head.Version
	}
	if err := r.take(ctx, ids); err != nil {
		return err
	}
	if r.options.Report != nil {
		r.options.Report(r.done)
	}
	return nil
}

// expired yields the streams whose time is over, by id.
func (r *retaining) expired(ctx context.Context) iter.Seq2[StreamHead, error] {
	return func(yield func(StreamHead, error) bool) {
		for after := ""; ; {
			heads, err := r.log.StreamHeads(ctx, r.done.Stream, HeadQuery{After: after, Limit: maxFound})
			if err != nil {
				yield(StreamHead{}, err)
				return
			}
			for _, h := range heads {
				if r.over(h.Type, h.RecordedAt) && !yield(h, nil) {
					return
				}
			}
			if len(heads) < maxFound {
				return
			}
			after = heads[len(heads)-1].ID
		}
	}
}

// over reports whether the time of a stream is over that ends with such an event.
func (r *retaining) over(eventType string, recordedAt time.Time) bool {
	return r.plan.closing[eventType] && r.plan.stream.Retention.over(recordedAt, r.log.now())
}

// found is what became of some streams.
type found struct {
	free   []string // nobody needs them
	events int64    // that are in those
	held   []Held
}

// take looks at some streams, and removes those that nobody needs.
func (r *retaining) take(ctx context.Context, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	f := &found{}
	var err error
	if r.options.Remove {
		err = store.Maintain(ctx, r.log.store, func(tx *gorm.DB) error { return r.remove(ctx, tx, ids, f) })
	} else {
		var rebuilds []store.Rebuild
		if rebuilds, err = store.Rebuilds(ctx, r.log.DB()); err == nil {
			err = r.look(ctx, nil, rebuilds, ids, f)
		}
	}
	if err != nil {
		return err
	}
	if r.options.Remove {
		for _, id := range f.free {
			r.log.heads.Remove(store.Stream{Type: r.done.Stream, ID: id})
		}
		r.log.tail.Wake()
	}
	r.done.Streams += int64(len(f.free))
	r.done.Events += f.events
	for _, h := range f.held {
		r.done.hold(h)
	}
	r.report(r.done)
	return nil
}

// hold counts streams that are held back, with those that are for the same reason.
func (d *Retained) hold(h Held) {
	for i := range d.Held {
		if d.Held[i].By == h.By && d.Held[i].Why == h.Why {
			d.Held[i].Streams += h.Streams
			return
		}
	}
	d.Held = append(slices.Clip(d.Held), h)
}

// remove removes those of some streams that nobody needs, in a transaction of its own.
func (r *retaining) remove(ctx context.Context, tx *gorm.DB, ids []string, f *found) error {
	rebuilds, release, err := store.HoldRebuilds(ctx, tx, r.projections())
	if err == nil {
		err = r.look(ctx, tx, rebuilds, ids, f)
	}
	if err == nil && len(f.free) > 0 {
		err = r.delete(ctx, tx, rebuilds, f)
	}
	if err != nil {
		return err
	}
	return release()
}

// projections are the names of those whose rows depend on the streams.
func (r *retaining) projections() []string {
	names := []string{}
	for _, s := range r.rows {
		names = append(names, s.projection.name)
	}
	for _, a := range r.keyed {
		names = append(names, a.projection.name)
	}
	return names
}

// look finds out which streams somebody needs. Nil tx is no transaction.
func (r *retaining) look(ctx context.Context, tx *gorm.DB, rebuilds []store.Rebuild, ids []string, f *found) error {
	n := &needs{retaining: r, tx: tx, db: tx, rebuilds: rebuilds}
	if tx == nil {
		n.db = r.log.DB()
	}
	if err := n.read(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		events, by, err := n.of(ctx, id)
		switch {
		case err != nil:
			return err
		case by != nil:
			f.held = append(f.held, *by)
		case events > 0:
			f.free, f.events = append(f.free, id), f.events+events
		}
	}
	return nil
}

// delete removes streams and all that was made of them, and records it.
func (r *retaining) delete(ctx context.Context, tx *gorm.DB, rebuilds []store.Rebuild, f *found) error {
	for _, s := range r.rows {
		tables := []string{s.schema.Table}
		if slices.ContainsFunc(rebuilds, func(b store.Rebuild) bool { return b.Projection == s.projection.name && b.ReplacedFilter != "" }) {
			tables = append(tables, store.OldOf(s.schema.Table))
		}
		for _, table := range tables {
			if err := store.RemoveRows(ctx, tx, table, s.key.DBName, f.free); err != nil {
				return err
			}
		}
	}
	records, err := store.RemoveStreams(ctx, tx, r.done.Stream, f.free)
	if err == nil && records != f.events {
		err = fmt.Errorf("%w: there were %d events in these streams, and then %d", ErrConflict, f.events, records)
	}
	if err != nil {
		return err
	}
	return r.log.recordRemoval(ctx, tx, r.done.Stream, &StreamsRemoved{
		Retention: r.done.Retention, Streams: int64(len(f.free)), Events: f.events, Despite: r.options.Despite,
	})
}

// recordRemoval appends the event as it is: what Config.Meta asks for is asked of those who
// use the application.
func (l *Log) recordRemoval(ctx context.Context, tx *gorm.DB, streamType string, ev *StreamsRemoved) error {
	meta, err := encodeMeta(ctx, nil)
	if err != nil {
		return err
	}
	typ := l.types["ireneo.streams_removed"]
	data, _ := typ.encode(ev) // of texts and numbers
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	return l.store.InsertTx(ctx, tx, &store.Batch{Records: []store.Record{{
		Stream: store.Stream{Type: removals.Type, ID: streamType}, EventID: id, Type: typ.name, SchemaVersion: typ.version,
		Data: data, Meta: meta.raw, Correlation: meta.correlation, Causation: meta.causation, RecordedAt: l.now(),
	}}})
}

// needs is who needs some streams, as one transaction sees it.
type needs struct {
	*retaining
	tx, db   *gorm.DB // db is tx, or else the log's own
	rebuilds []store.Rebuild
	cursors  []store.Subscription
	shared   map[string]string // projections with a row that is not of this stream alone, by id
}

func (n *needs) read(ctx context.Context, ids []string) (err error) {
	n.shared = map[string]string{}
	for _, s := range n.rows {
		others := slices.DeleteFunc(slices.Clone(s.streams), func(typ string) bool { return typ == n.done.Stream })
		if len(others) == 0 {
			continue
		}
		known, err := store.WithStreams(ctx, n.db, others, ids, nil, 0)
		if err != nil {
			return err
		}
		for _, id := range known {
			n.shared[id] = s.projection.name
		}
	}
	n.cursors, err = store.Subscriptions(ctx, n.db)
	return err
}

// of says who needs a stream, or how many events it has: zero where its time is not over
// any more, or somebody else has removed it.
func (n *needs) of(ctx context.Context, id string) (events int64, by *Held, err error) {
	key := store.Stream{Type: n.done.Stream, ID: id}
	last, err := n.log.last(ctx, key, n.tx)
	if err != nil || !n.over(last.Type, last.RecordedAt) {
		return 0, nil, err
	}
	contents, err := store.Contents(ctx, n.db, key)
	if err != nil {
		return 0, nil, err
	}
	for _, c := range contents {
		events += c.Records
	}
	by = n.follower(last.Position)
	if by == nil {
		by = n.sharer(id, contents)
	}
	if by == nil {
		by, err = n.aside(ctx, key)
	}
	return events, by, err
}

// follower is who has not come as far as a position.
func (n *needs) follower(position int64) *Held {
	for _, b := range n.rebuilds {
		if b.Open() && slices.Contains(n.projections(), b.Projection) {
			return &Held{b.Projection, heldByRebuild, 1}
		}
	}
	for _, c := range n.cursors {
		if c.Position < position && !n.passed(c.Name) {
			return &Held{c.Name, heldByCursor, 1}
		}
	}
	return nil
}

// passed reports whether a cursor need not be waited for.
func (n *needs) passed(name string) bool {
	for _, j := range n.log.runner.Jobs {
		if j.Name == name {
			return false
		}
	}
	return slices.Contains(n.options.Despite, name)
}

// sharer is who has rows that are not of this stream alone.
func (n *needs) sharer(id string, contents []store.Content) *Held {
	if name := n.shared[id]; name != "" {
		return &Held{name, heldByShared, 1}
	}
	for _, a := range n.keyed {
		for _, c := range contents {
			if a.projection.handlers[c.Type] != nil && !slices.Contains(n.options.Despite, a.projection.name) {
				return &Held{a.projection.name, heldByRows, 1}
			}
		}
	}
	return nil
}

// aside is who has put an append of the stream aside.
func (n *needs) aside(ctx context.Context, key store.Stream) (*Held, error) {
	name, err := store.AsideBy(ctx, n.db, key)
	if name == "" || err != nil || n.passed(name) {
		return nil, err
	}
	return &Held{name, heldByLetter, 1}, nil
}
