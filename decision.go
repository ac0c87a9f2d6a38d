package ireneo

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// head is what is known of a stream at one version: enough to decide the next append
// without reading. A head is never changed once others can see it.
type head struct {
	version    int64
	recordedAt time.Time // of the last event
	occurredAt time.Time // the latest of all events
	closed     bool      // the closing event was appended
	states     []any     // one for each fold of the plan, before Final
}

// decision is an accepted append: what is to be written, and the head after it.
type decision struct {
	base  *head // what it was decided on; nil: nothing had to be known
	head  *head
	batch store.Batch
}

// Check says what Append would say of the event now, and writes nothing: nil, or the
// error of Append with the messages in ev.Errors(). It reads what the stream holds at
// this moment; an append that follows may still meet somebody who was faster. What only
// the insert can find out, such as a row that the database refuses, is not checked.
func (h *Handle) Check(ctx context.Context, ev AnyEvent, opts ...AppendOption) error {
	a, err := h.prepare(ctx, []AnyEvent{ev}, opts)
	if err != nil {
		return err
	}
	base, _ := a.log.heads.Peek(a.key)
	base, err = a.log.load(ctx, a.plan, a.key, base, nil)
	if err != nil {
		return err
	}
	_, err = a.decide(ctx, base)
	return err
}

// newHead is the head of an empty stream.
func (p *plan) newHead(at time.Time) *head {
	h := &head{}
	for _, f := range p.folds {
		state := f.empty()
		f.begin(state, at)
		h.states = append(h.states, state)
	}
	return h
}

// next is a copy that may be folded on.
func (p *plan) next(h *head) *head {
	n := *h
	n.states = make([]any, len(h.states))
	for i, f := range p.folds {
		n.states[i] = f.copy(h.states[i])
	}
	return &n
}

// note moves the head past a record.
func (p *plan) note(h *head, r store.Record) {
	if r.Version > h.version {
		h.version, h.recordedAt = r.Version, r.RecordedAt
		h.closed = h.closed || p.closing[r.Type]
	}
	if r.OccurredAt.After(h.occurredAt) {
		h.occurredAt = r.OccurredAt
	}
}

// load reads the stream up to its end: from a base only what came after it, else from
// snapshots, where they help, else from the beginning.
func (l *Log) load(ctx context.Context, p *plan, key store.Stream, base *head, tx *gorm.DB) (*head, error) {
	if len(p.folds) == 0 {
		r, err := l.last(ctx, key, tx)
		h := &head{}
		p.note(h, r)
		return h, err
	}

	if base != nil && base.version > 0 {
		if h, err := l.loadOn(ctx, p, key, base, tx); h != nil || err != nil {
			return h, err
		}
	}
	if h, err := l.loadSnapshots(ctx, p, key, tx); h != nil || err != nil {
		return h, err
	}
	return l.loadTail(ctx, p, store.Query{Stream: key, Tx: tx}, p.newHead(l.now()), nil)
}

// loadOn reads the stream's end from a base on; nil where that does not help. What is kept may
// know more than the log: a process remembers a stream that was removed, a snapshot stays where
// somebody restores the log's table alone, and an append after it would leave a gap. So the
// tail is read from the base's own last event on, which costs one record and no query, and
// that event has to be there and to be the same.
func (l *Log) loadOn(ctx context.Context, p *plan, key store.Stream, base *head, tx *gorm.DB) (*head, error) {
	q := store.Query{Stream: key, AfterVersion: base.version - 1, Tx: tx}
	proved := false
	h, err := l.loadTail(ctx, p, q, base, func(r store.Record) { proved = r.RecordedAt.Equal(base.recordedAt) })
	if !proved {
		return nil, err
	}
	return h, err
}

// loadTail folds what q selects onto base; nil where some of it belongs between what the
// base has folded already. known, if not nil, is told the base's own last record, where
// q selects that too. It reads in the order of versions, for which no database has to sort,
// and again in the order of replay, where that is another one.
func (l *Log) loadTail(ctx context.Context, p *plan, q store.Query, base *head, known func(store.Record)) (*head, error) {
	q.Order = store.ByVersion
	h, err := l.loadSorted(ctx, p, q, base, known)
	if h == nil && err == nil {
		q.Order = store.ByOccurrence
		h, err = l.loadSorted(ctx, p, q, base, known)
	}
	return h, err
}

// loadSorted is nil where what it reads is not in the order of replay, after the base.
func (l *Log) loadSorted(ctx context.Context, p *plan, q store.Query, base *head, known func(store.Record)) (*head, error) {
	h, latest := p.next(base), base.occurredAt
	for r, err := range l.store.Read(ctx, q) {
		if err != nil {
			return nil, fmt.Errorf("load %s/%s: %w", q.Stream.Type, q.Stream.ID, err)
		}
		if known != nil && r.Version == base.version {
			known(r)
			continue
		}
		if r.OccurredAt.Before(latest) {
			return nil, nil
		}
		latest = r.OccurredAt
		if err := l.fold(p, h, r, nil); err != nil {
			return nil, err
		}
	}
	return h, nil
}

// fold passes one record through every projection of the plan, decoding it where at
// least one of them interprets it. After each, hear, if not nil, is told the event with
// the errors the interpretation added to it.
func (l *Log) fold(p *plan, h *head, r store.Record, hear func(*projection, AnyEvent)) error {
	var ev AnyEvent
	for i, f := range p.folds {
		handler, err := f.handlerFor(r.Type)
		if err != nil {
			return err
		}
		if handler == nil {
			continue
		}
		if ev == nil {
			if ev, err = handler.typ.decode(r); err != nil {
				return err
			}
		}
		handler.apply(h.states[i], ev, r.OccurredAt)
		if hear != nil && len(ev.Errors().own) > 0 {
			hear(f, ev)
		}
		ev.Errors().clear()
	}
	p.note(h, r)
	return nil
}

// retroactive reports whether replay will place one of the stamped events before
// something that the head has folded already.
func (a *appending) retroactive(h *head) bool {
	latest := h.occurredAt
	for _, r := range a.records {
		if r.OccurredAt.Before(latest) {
			return len(a.plan.folds) > 0
		}
		latest = r.OccurredAt
	}
	return false
}

// decide finds out whether the events may follow base, and what is to be written.
func (a *appending) decide(ctx context.Context, base *head) (*decision, error) {
	if v := a.opts.expectVersion; v != nil && *v != base.version {
		return nil, a.conflict(ctx, *v, base.version)
	}
	if err := a.checkLifecycle(base); err != nil {
		return nil, err
	}
	a.stamp(base)
	a.ignored = nil
	for _, ev := range a.events {
		ev.Errors().clear()
	}

	next, err := a.foldOn(ctx, base)
	if err != nil {
		return nil, err
	}
	if err := a.refused(); err != nil {
		return nil, err
	}
	rows, err := a.rows(next)
	if err != nil {
		return nil, err
	}
	rows = append(rows, a.snapshots(base, next)...)
	return &decision{base: base, head: next, batch: store.Batch{Records: slices.Clone(a.records), Rows: rows, Guard: a.guard}}, nil
}

// checkLifecycle lets the creating event be first and only first, and nothing follow
// the closing one.
func (a *appending) checkLifecycle(base *head) error {
	s, version, closed := a.plan.stream, base.version, base.closed
	for _, r := range a.records {
		var needs string
		var reason error
		switch {
		case closed:
			needs, reason = s.ClosedBy, ErrClosed
		case s.CreatedBy != "" && version == 0 && !a.plan.creating[r.Type]:
			needs, reason = s.CreatedBy, ErrNotCreated
		case version > 0 && a.plan.creating[r.Type]:
			needs, reason = s.CreatedBy, ErrAlreadyCreated
		}
		if reason != nil {
			return &LifecycleError{Stream: a.key.Type, ID: a.key.ID, Event: r.Type, Needs: needs, Reason: reason}
		}
		version, closed = version+1, a.plan.closing[r.Type]
	}
	return nil
}

// stamp gives the records their versions and times. recorded_at never goes backwards
// within a stream, whatever the clocks of the processes say.
func (a *appending) stamp(base *head) {
	recordedAt := later(a.log.now(), base.recordedAt)
	for i := range a.records {
		r := &a.records[i]
		r.Version, r.RecordedAt = base.version+int64(i)+1, recordedAt
		if r.OccurredAt = a.given[i]; r.OccurredAt.IsZero() {
			r.OccurredAt = recordedAt
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// foldOn folds the new events where replay will place them and judges the result.
// Refusals are in the events' Errors.
func (a *appending) foldOn(ctx context.Context, base *head) (*head, error) {
	switch {
	case !a.retroactive(base):
	case a.expecting: // the log has not all that it belongs between
		return nil, errUnread
	default:
		return a.foldBetween(ctx, base)
	}

	next := a.plan.next(base)
	for i, r := range a.records {
		if err := a.foldNew(next, r, a.events[i]); err != nil {
			return nil, err
		}
	}
	if p := a.plan.consistency; p != nil {
		last := a.events[len(a.events)-1]
		a.addState(last, "", a.judge(p, next.states[0]))
	}
	return next, nil
}

// foldNew folds one new event. It is folded as it was encoded, so that what is
// decided on is what replay will see, and nothing of the caller's is shared.
func (a *appending) foldNew(h *head, r store.Record, given AnyEvent) error {
	return a.log.fold(a.plan, h, r, func(f *projection, folded AnyEvent) { a.hear(f, folded, given) })
}

// hear takes the errors an interpretation added: the consistency projection's reject
// the event, any other's are only logged, when the append is made.
func (a *appending) hear(f *projection, folded, given AnyEvent) {
	added := folded.Errors().own
	if f == a.plan.consistency {
		errs := given.Errors()
		errs.own = append(errs.own, added...)
		return
	}
	a.ignored = append(a.ignored, func() { a.log.warnIgnored(f, added, given) })
}

// warnIgnored says that a projection added errors to an event, to no effect.
func (l *Log) warnIgnored(p *projection, added []FieldError, ev AnyEvent) {
	l.config.Logger.Warn("a projection that does not decide consistency added errors to an event; they reject nothing",
		slog.String("projection", p.name), slog.String("errors", sentence(added)), slog.Any("event", ev))
}

// judge validates the state as it would be shown.
func (a *appending) judge(p *projection, state any) []FieldError {
	return fieldErrors(a.log.validator.Struct(p.finished(state, a.log.now())))
}

// addState adds state errors to an event. where names a later event, if it is one.
func (a *appending) addState(ev AnyEvent, where string, errs []FieldError) {
	messages := a.log.config.Messages
	for _, fe := range errs {
		if where != "" {
			fe.Message = where + messages.Later + fe.Message
		}
		fe.Message = messages.LedToInvalidState + fe.Message
		e := ev.Errors()
		if !slices.Contains(e.state, fe) {
			e.state = append(e.state, fe)
		}
	}
}

// rows makes the rows of the transactional projections. A state that breaks its own
// tags fails the append like a row the database refuses.
func (a *appending) rows(h *head) ([]store.Row, error) {
	first := len(a.plan.folds) - len(a.plan.transactional)
	var rows []store.Row
	for i, m := range a.plan.transactional {
		model := m.projection.finished(h.states[first+i], h.recordedAt)
		if err := m.setKey(a.key.ID, model); err != nil {
			return nil, &ProjectionError{Projection: m.projection.name, Err: err}
		}
		if problems := a.log.validator.Struct(model); len(problems) > 0 {
			return nil, &ProjectionError{Projection: m.projection.name, Err: &InvalidStateError{Errors: fieldErrors(problems)}}
		}
		rows = append(rows, m.row(model))
	}
	return rows, nil
}

// setKey puts the stream id into the model's primary key.
func (m *readModel) setKey(id string, model any) error {
	return m.key.Set(context.Background(), reflect.ValueOf(model).Elem(), id)
}

func (m *readModel) row(model any) store.Row {
	p := m.projection
	row := store.Row{Of: p.name, Table: m.schema.Table, Key: m.key.DBName}
	if p.persist != nil {
		row.Write = func(ctx context.Context, tx *gorm.DB) error { return p.persist(ctx, tx, model) }
		return row
	}

	row.Columns, row.Values = m.names, make([]any, len(m.columns))
	value := reflect.ValueOf(model).Elem()
	for i, f := range m.columns {
		row.Values[i], _ = f.ValueOf(context.Background(), value)
		switch t := row.Values[i].(type) {
		case time.Time:
			row.Values[i] = moment(t)
		case *time.Time:
			if t != nil {
				row.Values[i] = moment(*t)
			}
		}
	}
	return row
}
