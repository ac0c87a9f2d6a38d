package ireneo

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Matching returns the events that one of the filters selects, in the order of the log, and
// the position up to which there are no others, for AppendIf. All events of the types that
// the filters name are looked at, and the whole log where one of them names none.
func (l *Log) Matching(ctx context.Context, filters ...Filter) (events []AnyEvent, position int64, err error) {
	q, err := l.query(ctx, filters)
	if err == nil {
		err = q.settle(ctx)
	}
	if err == nil {
		events, err = q.read(ctx, q.position)
	}
	if err != nil {
		return nil, 0, err
	}
	return events, q.position, nil
}

// AppendIf appends as AppendAll does, if nothing that one of the filters selects has a
// position after the given one, in whatever stream: a boundary drawn by a query. Once it is
// committed nothing such ever lies between that position and its own, whoever wrote it. It
// is a *MatchedError (ErrConflict) where something does. The position is that of Matching,
// or zero for: there is nothing such at all.
//
// It costs more than an Append: it waits for those who began to append before, until they
// have committed, and for other AppendIfs whose filters name the types of its events. A
// transaction of a host that has appended and stays open makes it ErrBusy in the end.
func (h *Handle) AppendIf(ctx context.Context, filters []Filter, position int64, events ...AnyEvent) (err error) {
	a, err := h.prepare(ctx, events, nil)
	if err != nil {
		return err
	}
	ctx, end := a.log.telemetry.Append(ctx, a.key.Type, len(events))
	defer func() { end(unlessRefused(err)) }()
	q, err := a.log.query(ctx, filters)
	if err != nil {
		return err
	}
	q.position = position
	if err := q.advance(ctx); err != nil {
		return err
	}
	a.guard = guardOf([]*boundQuery{q})
	return a.decideAndInsert(ctx)
}

// Matching returns the events that one of the filters selects, in the order of the log, and
// makes what they select part of the boundary: what the command appends is committed only
// if nothing more of it has come meanwhile, in whatever stream. It has all that is committed,
// settled or not. See Handle.AppendIf for what that costs.
func (b *Boundary) Matching(ctx context.Context, filters ...Filter) ([]AnyEvent, error) {
	q, err := b.log.query(ctx, filters)
	if err != nil {
		return nil, err
	}
	b.statements++
	b.queries = append(b.queries, q)
	if err := q.settle(ctx); err != nil {
		return nil, err
	}
	return q.read(ctx, latest)
}

// boundQuery is a query that something is decided on.
type boundQuery struct {
	log       *Log
	selection selection
	types     []string // stored names that it is about; nil: all
	sought    []string // likewise, also of events nobody has ever written; nil: all
	position  int64    // it was read up to here, where the log was settled
	seen      int64    // and up to here nothing has come since

	known map[uuid.UUID]bool // events behind that, which were read as well
}

func (l *Log) query(ctx context.Context, filters []Filter) (*boundQuery, error) {
	if len(filters) == 0 {
		filters = []Filter{{}}
	}
	selection, err := l.selects(filters)
	if err != nil {
		return nil, err
	}
	q := &boundQuery{log: l, selection: selection, types: []string{}, sought: []string{}}
	for _, f := range filters {
		if f.Types == nil {
			q.types, q.sought = nil, nil
			return q, nil
		}
		names, err := l.storedNames(ctx, f.Types)
		if err != nil {
			return nil, err
		}
		q.types = append(q.types, names...)
		if slices.ContainsFunc(f.Types, func(name string) bool { return strings.HasSuffix(name, "*") }) {
			q.sought = nil
		}
	}
	if q.sought != nil {
		q.sought = q.types
	}
	return q, nil
}

// latest is a position that no record has come to.
const latest = math.MaxInt64 - 1

// settle takes the settled end of the log for where the query stands.
func (q *boundQuery) settle(ctx context.Context) (err error) {
	q.position, err = store.SettledPosition(ctx, q.log.store)
	q.seen, q.known = q.position, map[uuid.UUID]bool{}
	return err
}

// read reads all that matches up to a position, settled or not.
func (q *boundQuery) read(ctx context.Context, upTo int64) (events []AnyEvent, err error) {
	err = q.between(ctx, 0, upTo, func(r store.Record) error {
		if r.Position > q.position {
			q.known[r.EventID] = true
		}
		ev, err := q.log.decode(r)
		events = append(events, ev)
		return err
	})
	return events, err
}

// between calls found with what matches above one position and up to another.
func (q *boundQuery) between(ctx context.Context, after, upTo int64, found func(store.Record) error) error {
	page := store.Browse{
		Types: q.types, After: store.Point{Position: after, Ordinal: math.MaxInt32}, Before: store.Point{Position: upTo + 1},
		Oldest: true, Limit: 1000,
	}
	for {
		records, err := q.log.store.Browse(ctx, page)
		if err != nil {
			return err
		}
		for _, r := range records {
			matches, err := q.selection.matches(r)
			if err == nil && matches {
				err = found(r)
			}
			if err != nil {
				return err
			}
		}
		if len(records) < page.Limit {
			return nil
		}
		last := records[len(records)-1]
		page.After = store.Point{Position: last.Position, Ordinal: last.Ordinal}
	}
}

// advance looks at what has come since, as far as the log is settled, so that the commit
// has little to look at.
func (q *boundQuery) advance(ctx context.Context) error {
	settled, err := store.SettledPosition(ctx, q.log.store)
	if err != nil {
		return err
	}
	q.seen = max(q.seen, q.position)
	if settled <= q.seen {
		return nil
	}
	err = q.between(ctx, q.seen, settled, q.matched)
	q.seen = settled
	return err
}

// within looks at what the transaction sees behind that.
func (q *boundQuery) within(ctx context.Context, tx *gorm.DB) error {
	for r, err := range q.log.store.Read(ctx, store.Query{Order: store.ByPosition, AfterPosition: q.seen, Tx: tx}) {
		if err != nil {
			return err
		}
		matches, err := q.selection.matches(r)
		if err == nil && matches {
			err = q.matched(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// unchanged looks at all that has come since, settled or not.
func (q *boundQuery) unchanged(ctx context.Context) error {
	return q.between(ctx, q.seen, latest, q.matched)
}

// matched is the conflict with something that has come since.
func (q *boundQuery) matched(r store.Record) error {
	if q.known[r.EventID] {
		return nil
	}
	ev, err := q.log.decode(r)
	if err != nil {
		return err
	}
	return &MatchedError{Position: q.position, Event: ev}
}

// guardOf makes a batch depend on queries.
func guardOf(queries []*boundQuery) *store.Guard {
	g := &store.Guard{Sought: []string{}}
	for _, q := range queries {
		if q.sought == nil {
			g.Sought = nil
			break
		}
		g.Sought = append(g.Sought, q.sought...)
	}
	g.Unless = func(ctx context.Context, tx *gorm.DB) error {
		for _, q := range queries {
			if err := q.within(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}
	return g
}
