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
		if err := s.begin(ctx, after); err != nil {
			yield(State{}, err)
			return
		}
		for r, err := range log.byVersion(ctx, store.Query{Stream: h.key(), AfterVersion: after, UpToVersion: upTo}) {
			var state State
			if err == nil {
				state, err = s.step(ctx, r)
			}
			if !yield(state, err) || err != nil {
				return
			}
		}
	}
}

// stepping folds a stream in the order of versions.
type stepping struct {
	log    *Log
	of     *projection
	key    store.Stream
	at     time.Time // what Initial and Final are told
	folded *folded
	before any // the completed model so far; nil: nothing was folded
}

// begin folds what lies up to a version.
func (s *stepping) begin(ctx context.Context, version int64) (err error) {
	if version == 0 {
		s.folded = &folded{state: s.of.empty()}
		s.of.begin(s.folded.state, s.at)
		return nil
	}
	if err := s.fold(ctx, version); err != nil {
		return err
	}
	s.before, err = s.model()
	return err
}

func (s *stepping) fold(ctx context.Context, version int64) (err error) {
	s.folded, err = s.log.foldStream(ctx, s.of, store.Query{Stream: s.key, UpToVersion: version}, s.at)
	return err
}

// step folds the next record; where replay places it between earlier ones all of them are
// folded anew.
func (s *stepping) step(ctx context.Context, r store.Record) (state State, err error) {
	if r.OccurredAt.Before(s.folded.occurredAt) {
		err = s.fold(ctx, r.Version)
	} else {
		err = s.log.foldInto(s.of, s.folded, r)
	}
	if err != nil {
		return State{}, err
	}
	state = State{Event: s.log.storedEvent(r), Before: s.before}
	s.before, err = s.model()
	state.After = s.before
	return state, err
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
