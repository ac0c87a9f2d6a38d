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
	shares    []*share // as they were first appended to
	batch     store.Batch
	began     time.Time // when it was first written
	committed bool      // it is in the log
}

// share is what one stream has of a proposal: the decision about its events.
type share struct {
	*decision
	part   *participant
	append *appending
	places []int // of its records in the batch
}

// propose decides for each stream whether its events may follow what was read, and makes
// one batch of them all. The first stream that refuses its events refuses the command.
func (x *execution) propose(ctx context.Context, b *Boundary) (p *proposal, err error) {
	p = &proposal{boundary: b}
	if limit := x.log.config.MaxEvents; len(b.writes) > limit {
		return nil, fmt.Errorf("%w: %d events in one command, at most %d are allowed (Config.MaxEvents)", ErrTooLarge, len(b.writes), limit)
	}
	shares := map[*participant]*share{}
	for _, w := range b.writes {
		if shares[w.to] != nil {
			continue
		}
		s, err := x.decide(ctx, w.to)
		if err != nil {
			return nil, x.refused(err)
		}
		shares[w.to], p.shares = s, append(p.shares, s)
		p.batch.Rows = append(p.batch.Rows, s.batch.Rows...)
	}
	for i, w := range b.writes {
		s := shares[w.to]
		s.places = append(s.places, i)
		p.batch.Records = append(p.batch.Records, s.batch.Records[w.at])
	}
	p.batch.Guard, err = b.guard(ctx)
	return p, err
}

// decide decides about the events of one stream.
func (x *execution) decide(ctx context.Context, part *participant) (*share, error) {
	a, err := part.handle.prepare(ctx, part.events, x.opts.appends)
	if err != nil {
		return nil, err
	}
	d, err := a.decide(ctx, part.head)
	if err != nil {
		return nil, err
	}
	return &share{decision: d, part: part, append: a}, nil
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

// commit writes all that is proposed, guarded by what was read besides.
func (x *execution) commit(waiting context.Context, p *proposal) (result *Result, err error) {
	if err := context.Cause(waiting); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(waiting), x.log.config.CommitTimeout)
	defer cancel()

	p.batch.Execution = x.record(store.Committed, nil)
	p.batch.Execution.Events = len(p.batch.Records)
	writing, end := x.measured.Step(ctx, "write")
	p.began = time.Now()
	ticket := x.log.committer.Enter(&p.batch, nil)
	defer func() { ticket.Settle(p.committed, err) }()
	doubtful, err := x.log.commit(waiting, writing, ticket, &p.batch)
	end(err)
	if err != nil {
		return x.resolve(ctx, p, doubtful, err)
	}
	p.accept(ctx)
	return x.result(p.events(), p.batch.Records[0].Position), nil
}

// accept tells the events what became of them, and remembers the states.
func (p *proposal) accept(ctx context.Context) {
	p.committed = true
	for _, s := range p.shares {
		var records []store.Record
		for _, i := range s.places {
			records = append(records, p.batch.Records[i])
		}
		s.append.accept(records)
		s.part.remember(s.head)
		p.boundary.log.telemetry.Appended(ctx, s.append.key.Type, len(records), time.Since(p.began))
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
	case met(cause):
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
		p.boundary.forget()
		return nil, fmt.Errorf("%w: %w", ErrBusy, cause) // there, but gone again, removed or not to be seen yet
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
	stored, err := x.log.batchAt(ctx, first.Position)
	if err != nil {
		return nil, err
	}
	p.batch.Records = stored
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
