package ireneo

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// State is what recording one event has changed.
type State struct {
	Event  StoredEvent
	Before any // the model without the event, completed; nil where it was the first
	After  any // the model with it, likewise
}

// Replay is Projection.Replay for a projection of any model: what it returns is a pointer
// to that.
func (h *Handle) Replay(ctx context.Context, p AnyProjection, opts ...ReplayOption) (any, error) {
	log, _, err := h.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.untyped().mistakes...); err != nil {
		return nil, err
	}
	return log.replay(ctx, p.untyped(), h, replayOf(opts))
}

// States yields the events of the stream in the order of versions, those above after and up
// to upTo, zero being all, with what the recording of each has changed: Before is the state
// at the version below, After the state at its own. They differ in more than the event says
// where it went between earlier ones. The models are pointers to what p makes, and belong to
// the caller. An error is yielded once, as the last pair.
func (h *Handle) States(ctx context.Context, p AnyProjection, after, upTo int64) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		log, _, err := h.open(ctx)
		if err == nil {
			err = errors.Join(p.untyped().mistakes...)
		}
		if err != nil {
			yield(State{}, err)
			return
		}
		s := &stepping{log: log, of: p.untyped(), key: h.key(), at: log.now()}
		if after > 0 {
			if err := s.refold(ctx, after); err != nil {
				yield(State{}, err)
				return
			}
		}
		s.run(ctx, store.Query{AfterVersion: after, UpToVersion: upTo}, yield)
	}
}

// stepping folds a stream in the order of versions.
type stepping struct {
	log    *Log
	of     *projection
	key    store.Stream
	at     time.Time // what Initial and Final are told
	asRow  bool      // they are told what they are for a row that is made after each event
	folded *folded   // nil: nothing yet
}

// run yields the states of those events of the stream that q selects.
func (s *stepping) run(ctx context.Context, q store.Query, yield func(State, error) bool) {
	q.Stream = s.key
	for r, err := range s.log.byVersion(ctx, q) {
		var state State
		if err == nil {
			state, err = s.step(ctx, r)
		}
		if !yield(state, err) || err != nil {
			return
		}
	}
}

// step folds the next record. Nothing of a state is shared with another.
func (s *stepping) step(ctx context.Context, r store.Record) (state State, err error) {
	if s.folded != nil {
		if state.Before, err = s.model(); err != nil {
			return State{}, err
		}
	}
	ev, err := s.fold(ctx, r)
	if err != nil {
		return State{}, err
	}
	if ev != nil { // decoded once is enough
		state.Event = s.log.describe(r, ev)
	} else {
		state.Event = s.log.storedEvent(r)
	}
	state.After, err = s.model()
	return state, err
}

// fold folds a record, and returns its event if that took decoding. Where replay places it
// between earlier ones, and where the first of them has to be told of another moment, all
// of them are folded anew.
func (s *stepping) fold(ctx context.Context, r store.Record) (ev AnyEvent, err error) {
	if s.asRow {
		if s.at, err = s.log.momentOf(s.of, []store.Record{r}); err != nil {
			return nil, err
		}
	}
	switch {
	case s.folded == nil:
		s.folded = &folded{state: s.of.empty()}
		s.of.begin(s.folded.state, s.at)
	case r.OccurredAt.Before(s.folded.occurredAt) || s.asRow && s.of.initial != nil:
		return nil, s.refold(ctx, r.Version)
	}
	return s.log.foldInto(s.of, s.folded, r)
}

// refold folds all up to a version.
func (s *stepping) refold(ctx context.Context, version int64) (err error) {
	s.folded, err = s.log.foldStream(ctx, s.of, store.Query{Stream: s.key, UpToVersion: version}, s.at)
	return err
}

// model is a completed copy of the state.
func (s *stepping) model() (any, error) {
	model := s.of.finished(s.folded.state, s.at)
	if m := s.log.readModels[s.of.name]; m != nil {
		return model, m.setKey(s.key.ID, model)
	}
	return model, nil
}

// byVersion reads a stream in the order of versions without holding a connection while
// that is looked at.
func (l *Log) byVersion(ctx context.Context, q store.Query) iter.Seq2[store.Record, error] {
	q.Order, q.Limit = store.ByVersion, 1000
	return func(yield func(store.Record, error) bool) {
		for {
			var page []store.Record
			for r, err := range l.store.Read(ctx, q) {
				if err != nil {
					yield(store.Record{}, fmt.Errorf("read %s/%s: %w", q.Stream.Type, q.Stream.ID, err))
					return
				}
				page = append(page, r)
			}
			for _, r := range page {
				if !yield(r, nil) {
					return
				}
			}
			if len(page) < q.Limit {
				return
			}
			q.AfterVersion = page[len(page)-1].Version
		}
	}
}
