package ireneo

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// proposal is what a command wants written: the decisions of all streams it appends to, as
// one batch.
type proposal struct {
	boundary  *Boundary
	decisions []*decided
	batch     store.Batch
	began     time.Time // to be written
}

// decided is the decision about one of the streams.
type decided struct {
	*decision
	part   *participant
	append *appending
	places []int // of its records in the batch
}

// commit writes all that is proposed, guarded by what was read besides.
func (x *execution) commit(ctx context.Context, p *proposal) (*Result, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), x.log.config.CommitTimeout)
	defer cancel()

	p.batch.Execution = x.record(store.Committed, nil)
	p.batch.Execution.Events = len(p.batch.Records)
	writing, end := x.measured.Step(ctx, "write")
	p.began = time.Now()
	doubtful, err := x.log.commit(writing, &p.batch)
	end(err)
	if err != nil {
		return x.resolve(ctx, p, doubtful, err)
	}
	p.accept(ctx)
	return x.result(p.events(), p.batch.Records[0].Position), nil
}

// propose decides for each stream whether its events may follow what was read, and makes
// one batch of them all. The first stream that refuses its events refuses the command.
func (x *execution) propose(ctx context.Context, b *Boundary) (p *proposal, err error) {
	p = &proposal{boundary: b}
	if limit := x.log.config.MaxEvents; len(b.writes) > limit {
		return nil, fmt.Errorf("%w: %d events in one command, at most %d are allowed (Config.MaxEvents)", ErrTooLarge, len(b.writes), limit)
	}
	byPart := map[*participant]*decided{}
	for _, w := range b.writes {
		if byPart[w.to] != nil {
			continue
		}
		d, err := x.decide(ctx, w.to)
		if err != nil {
			return nil, x.refused(err)
		}
		byPart[w.to], p.decisions = d, append(p.decisions, d)
		p.batch.Rows = append(p.batch.Rows, d.batch.Rows...)
	}
	for i, w := range b.writes {
		d := byPart[w.to]
		d.places = append(d.places, i)
		p.batch.Records = append(p.batch.Records, d.batch.Records[w.at])
	}
	p.batch.Guard, err = b.guard(ctx)
	return p, err
}

// decide decides about the events of one stream.
func (x *execution) decide(ctx context.Context, part *participant) (*decided, error) {
	a, err := part.handle.prepare(ctx, part.events, x.opts.appends)
	if err != nil {
		return nil, err
	}
	d, err := a.decide(ctx, part.head)
	if err != nil {
		return nil, err
	}
	return &decided{decision: d, part: part, append: a}, nil
}

// refused makes the refusal of an event that of the command, whose messages it adds to.
func (x *execution) refused(err error) error {
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		return err
	}
	errs := x.cmd.Errors()
	errs.own = append(errs.own, invalid.Event.Errors().own...)
	errs.state = append(errs.state, invalid.Event.Errors().state...)
	return &RejectedError{Command: x.cmd, Event: invalid.Event}
}

// guard is what was read and is not appended to; nil where there is nothing.
func (b *Boundary) guard(ctx context.Context) (*store.Guard, error) {
	var streams []store.At
	for _, part := range b.order {
		if part.head != nil && len(part.events) == 0 {
			streams = append(streams, part.at())
		}
	}
	if len(b.queries) == 0 && len(streams) == 0 {
		return nil, nil
	}
	if len(b.queries) == 0 {
		return &store.Guard{Streams: streams}, nil
	}
	for _, q := range b.queries {
		if err := q.advance(ctx); err != nil {
			return nil, err
		}
	}
	g := guardOf(b.queries)
	g.Streams = streams
	return g, nil
}

func (part *participant) at() store.At {
	return store.At{Stream: part.handle.key(), Version: part.head.version}
}

// accept tells the events what became of them, and remembers the states.
func (p *proposal) accept(ctx context.Context) {
	for _, d := range p.decisions {
		var records []store.Record
		for _, i := range d.places {
			records = append(records, p.batch.Records[i])
		}
		d.append.accept(records)
		d.part.remember(d.head)
		p.boundary.log.telemetry.Appended(ctx, d.append.key.Type, len(records), time.Since(p.began))
	}
	noteAppended(ctx, p.batch.Records)
	p.boundary.log.tail.Wake()
}

// events are those of the batch, in its order.
func (p *proposal) events() []AnyEvent {
	var events []AnyEvent
	for _, w := range p.boundary.writes {
		events = append(events, w.to.events[w.at])
	}
	return events
}

// resolve finds out what a commit met: itself, where an answer was lost; its command id;
// or somebody who was faster.
func (x *execution) resolve(ctx context.Context, p *proposal, doubtful bool, cause error) (*Result, error) {
	var row *store.RowError
	switch {
	case others(cause):
		if found, err := insisting(ctx, doubtful, func() (*Result, error) { return x.committed(ctx, p) }); found != nil || err != nil {
			return found, err
		}
		if found, err := x.earlier(ctx); found != nil || err != nil {
			return found, err
		}
		if err := p.boundary.moved(ctx); err != nil {
			return nil, err
		}
		if errors.As(cause, new(*MatchedError)) {
			return nil, cause
		}
		return nil, fmt.Errorf("%w: %w", ErrBusy, cause) // there, but gone again or not to be seen yet
	case errors.As(cause, &row):
		return nil, &ProjectionError{Projection: p.batch.Rows[row.Index].Of, Err: row.Err}
	default:
		return nil, fmt.Errorf("execute %s: %w", x.typ.name, cause)
	}
}

// committed finds the proposal itself in the log; nil where it is not there.
func (x *execution) committed(ctx context.Context, p *proposal) (*Result, error) {
	first, err := x.log.first(ctx, store.Query{EventID: p.batch.Records[0].EventID})
	if first.Version == 0 || err != nil {
		return nil, err
	}
	if p.batch.Records, err = x.log.batchAt(ctx, first.Position); err != nil {
		return nil, err
	}
	p.accept(ctx)
	return x.result(p.events(), first.Position), nil
}

// batchAt reads the records of one append.
func (l *Log) batchAt(ctx context.Context, position int64) ([]store.Record, error) {
	return l.store.Browse(ctx, store.Browse{
		After:  store.Point{Position: position - 1, Ordinal: math.MaxInt32},
		Before: store.Point{Position: position + 1},
		Oldest: true, Limit: math.MaxInt32,
	})
}

// moved is a ConflictError where a stream is no longer at the version it was read at: the
// first one, in the order they were loaded.
func (b *Boundary) moved(ctx context.Context) error {
	q, read := store.Query{}, map[store.Stream]int64{}
	for _, part := range b.order {
		if part.head != nil {
			q.Several = append(q.Several, part.at())
			read[part.handle.key()] = part.head.version
		}
	}
	if len(q.Several) == 0 {
		return nil
	}
	var conflict *ConflictError
	for r, err := range b.log.store.Read(ctx, q) {
		if err != nil {
			return err
		}
		if conflict == nil {
			conflict = &ConflictError{Stream: r.Stream.Type, ID: r.Stream.ID, Expected: read[r.Stream]}
		}
		if r.Stream != (store.Stream{Type: conflict.Stream, ID: conflict.ID}) {
			continue
		}
		ev, err := b.log.decode(r)
		if err != nil {
			return err
		}
		conflict.Events, conflict.Actual = append(conflict.Events, ev), max(conflict.Actual, r.Version)
	}
	if conflict == nil {
		return nil
	}
	return conflict
}

// unchanged reports, for an attempt that commits nothing and so proves nothing, whether
// what it has decided on was all true at one moment. What one statement has read was.
func (b *Boundary) unchanged(ctx context.Context) error {
	if b.remembered || b.statements > 1 {
		if err := b.moved(ctx); err != nil {
			return err
		}
	}
	for _, q := range b.queries {
		if err := q.advance(ctx); err != nil {
			return err
		}
	}
	return nil
}
