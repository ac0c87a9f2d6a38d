package ireneo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// Verdict is what would come of an append that nobody makes.
type Verdict struct {
	// Err is what Append would return, nil where it would accept the events. The messages
	// of an *InvalidError are in the events' Errors.
	Err error
	// States are what the events would change, also where they are refused, so that one
	// sees what is wrong with it: one for each projection of the stream. There are none
	// where an event is refused for its own fields, or cannot be stored at all.
	States []WhatIfState
}

// WhatIfState is what events would change in one projection. The models are pointers to
// what the projection makes, completed for the same moment, and belong to the caller.
type WhatIfState struct {
	Projection string
	Before     any   // as it is; nil where the stream has no events
	After      any   // as it would be; nil where Err is not
	Err        error // why the projection cannot be folded
}

// WhatIf says what Append would say of the events now, and what they would change in each
// projection of the stream: the consistency projection, those that are transactional and
// those that are kept after the commit. They are folded in their places in time, as by a
// Replay. Nothing is written, and nothing is remembered.
//
// Config.Meta is not asked for, since nobody records anything. As with Check, an append that follows may meet somebody who was faster, what only the
// insert can find out is not known, and an IdempotencyKey is not looked up. It reads the
// whole stream. Err of the verdict is about the events and their stream; whatever else is
// wrong, such as a database that cannot be reached, is returned as an error.
func (h *Handle) WhatIf(ctx context.Context, events []AnyEvent, opts ...AppendOption) (*Verdict, error) {
	a, err := h.prepare(ctx, events, append(slices.Clip(opts), appendOption(func(o *appendOptions) { o.hypothetical = true })))
	if err != nil {
		return verdict(err)
	}
	base, _ := a.log.heads.Peek(a.key)
	if base, err = a.log.load(ctx, a.plan, a.key, base, nil); err != nil {
		return nil, err
	}
	_, err = a.decide(ctx, base)
	v, err := verdict(err)
	if err != nil {
		return nil, err
	}
	a.stamp(base) // which whoever is refused at once is not yet
	v.States, err = a.whatIf(ctx, base)
	return v, err
}

// verdict is one about an error of an append, if that is about its events or their stream.
func verdict(err error) (*Verdict, error) {
	about := is(err, ErrInvalid, ErrConflict, ErrTooLarge, ErrUnknownEvent, ErrNothingToAppend, ErrMissingOccurredAt, ErrConflictingOccurredAt) ||
		errors.As(err, new(*LifecycleError)) || errors.As(err, new(*ProjectionError))
	if err != nil && !about {
		return nil, err
	}
	return &Verdict{Err: err}, nil
}

// fork is a projection folded twice: as the stream is, and as it would be.
type fork struct {
	of      *projection
	plan    *plan // of this projection alone
	before  *head
	after   *head // nil: it is no different so far
	problem error
}

// whatIf folds the stream by each of its projections. No more than two states of each are
// in memory.
func (a *appending) whatIf(ctx context.Context, base *head) ([]WhatIfState, error) {
	at, forks := a.log.now(), []*fork{}
	for _, p := range a.plan.stream.projections() {
		if !slices.ContainsFunc(forks, func(f *fork) bool { return f.of.name == p.name }) {
			alone := &plan{folds: []*projection{p}}
			forks = append(forks, &fork{of: p, plan: alone, before: alone.newHead(at)})
		}
	}
	if err := a.foldForks(ctx, base, forks); err != nil {
		return nil, err
	}

	states := make([]WhatIfState, len(forks))
	for i, f := range forks {
		states[i] = a.stateOf(f, base, at)
	}
	return states, nil
}

// foldForks reads the stream up to base in the order of replay, and folds the new events
// where they belong.
func (a *appending) foldForks(ctx context.Context, base *head, forks []*fork) error {
	left := slices.Clone(a.records)
	slices.SortStableFunc(left, func(x, y store.Record) int { return x.OccurredAt.Compare(y.OccurredAt) })
	if base.version > 0 {
		for r, err := range a.log.store.Read(ctx, store.Query{Stream: a.key, UpToVersion: base.version}) {
			if err != nil {
				return fmt.Errorf("load %s/%s: %w", a.key.Type, a.key.ID, err)
			}
			for len(left) > 0 && left[0].OccurredAt.Before(r.OccurredAt) {
				for _, f := range forks {
					f.foldNew(a.log, left[0])
				}
				left = left[1:]
			}
			for _, f := range forks {
				f.fold(a.log, r)
			}
		}
	}
	for _, r := range left {
		for _, f := range forks {
			f.foldNew(a.log, r)
		}
	}
	return nil
}

// fold folds what the stream has.
func (f *fork) fold(log *Log, r store.Record) {
	if f.problem == nil {
		f.problem = log.fold(f.plan, f.before, r, nil)
	}
	if f.problem == nil && f.after != nil {
		f.problem = log.fold(f.plan, f.after, r, nil)
	}
}

// foldNew folds what it does not have.
func (f *fork) foldNew(log *Log, r store.Record) {
	if f.problem != nil {
		return
	}
	if f.after == nil {
		f.after = f.plan.next(f.before)
	}
	f.problem = log.fold(f.plan, f.after, r, nil)
}

// stateOf completes both states.
func (a *appending) stateOf(f *fork, base *head, at time.Time) WhatIfState {
	s := WhatIfState{Projection: f.of.name, Err: f.problem}
	complete := func(h *head) any {
		model := f.of.finished(h.states[0], at)
		if m := a.log.readModels[f.of.name]; m != nil {
			s.Err = cmp.Or(s.Err, m.setKey(a.key.ID, model))
		}
		return model
	}
	if s.Err != nil {
		return s
	}
	if base.version > 0 {
		s.Before = complete(f.before)
	}
	s.After = complete(f.after)
	return s
}
