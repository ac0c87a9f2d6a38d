package ireneo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Replay computes the projection's model from the stream's events, as it is now or at
// any moment: AsOf keeps what was known then, At what was true then, AtVersion what
// had been appended then; they combine. Nothing is written; the primary key of a
// materialized model holds the stream id, as in its row. Without a single event it
// returns a *NotFoundError.
func (p *Projection[M]) Replay(ctx context.Context, h *Handle, opts ...ReplayOption) (*M, error) {
	if h.stream.log == nil && p.log != nil {
		h = h.stream.In(p.log).For(h.id)
	}
	log, _, err := h.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(p.mistakes...); err != nil {
		return nil, err
	}

	model, err := log.replay(ctx, p.projection, h, replayOf(opts))
	if err != nil {
		return nil, err
	}
	return model.(*M), nil
}

func (l *Log) replay(ctx context.Context, p *projection, h *Handle, part replay) (any, error) {
	at := part.at
	if at.IsZero() {
		at = l.now()
	}
	model, err := l.replayed(ctx, p, h, part, at)
	if err != nil {
		return nil, err
	}

	p.finish(model, at)
	if m := l.readModels[p.name]; m != nil {
		return model, m.setKey(h.id, model)
	}
	return model, nil
}

// replayed is the model before Final.
func (l *Log) replayed(ctx context.Context, p *projection, h *Handle, part replay, at time.Time) (any, error) {
	if part == (replay{}) {
		if model, err := l.replaySnapshot(ctx, p, h.key()); model != nil || err != nil {
			return model, err
		}
	}

	r := &replaying{of: p, at: at}
	if err := r.run(ctx, l.store, part.query(h.key())); err != nil {
		return nil, err
	}
	if r.events == 0 {
		return nil, &NotFoundError{Stream: h.Type(), ID: h.id, Projection: p.name, AsOf: part.asOf, At: part.at, Version: part.version}
	}
	return r.model, nil
}

// replaying is a replay of one stream.
type replaying struct {
	of     *projection
	at     time.Time
	model  any // before Final
	events int
}

// run reads in the order of versions, for which no database has to sort, and folds as long
// as that is the order of replay. Where it is not, the stream is read again in that order.
func (r *replaying) run(ctx context.Context, log store.Log, q store.Query) error {
	q.Order = store.ByVersion
	sorted, err := r.read(ctx, log, q)
	if err == nil && !sorted {
		q.Order = store.ByOccurrence
		_, err = r.read(ctx, log, q)
	}
	return err
}

// read folds from the beginning, as long as what comes is sorted.
func (r *replaying) read(ctx context.Context, log store.Log, q store.Query) (sorted bool, err error) {
	r.model, r.events = r.of.empty(), 0
	r.of.begin(r.model, r.at)
	var latest time.Time
	for rec, err := range log.Read(ctx, q) {
		if err != nil {
			return false, fmt.Errorf("replay %s/%s: %w", q.Stream.Type, q.Stream.ID, err)
		}
		if rec.OccurredAt.Before(latest) {
			return false, nil
		}
		latest = rec.OccurredAt
		r.events++
		if err := r.fold(rec); err != nil {
			return false, err
		}
	}
	return true, nil
}

func (r *replaying) fold(rec store.Record) error {
	h, err := r.of.handlerFor(rec.Type)
	if h == nil || err != nil {
		return err
	}
	ev, err := h.typ.decode(rec)
	if err == nil {
		h.apply(r.model, ev, rec.OccurredAt)
	}
	return err
}

// Find reads the stored row of one stream, or one key, a *NotFoundError where there is none.
func (p *Projection[M]) Find(ctx context.Context, id string) (*M, error) {
	log, rm, err := p.stored(ctx)
	if err == nil {
		err = checkID(id)
	}
	if err != nil {
		return nil, err
	}

	model := new(M)
	err = log.DB().WithContext(ctx).Where(map[string]any{rm.key.DBName: id}).Take(model).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, &NotFoundError{ID: id, Projection: p.name}
	}
	if err != nil {
		return nil, fmt.Errorf("find %s of %s: %w", p.name, id, err)
	}
	return model, nil
}

// Query is a GORM query over the stored rows, for lists. It is for reading: rows are
// written by appends, by Run and by Rebuild.
func (p *Projection[M]) Query(ctx context.Context) (*gorm.DB, error) {
	log, _, err := p.stored(ctx)
	if err != nil {
		return nil, err
	}
	return log.DB().WithContext(ctx).Model(new(M)), nil
}

// stored finds the log and how the projection is stored in it.
func (p *Projection[M]) stored(ctx context.Context) (*Log, *readModel, error) {
	log, err := logFor(ctx, p.log)
	if err != nil {
		return nil, nil, err
	}
	if m := log.readModels[p.name]; m != nil {
		return log, m, nil
	}
	return nil, nil, fmt.Errorf("%w: %s; replay it, or add it to a stream's Transactional or Async, or to Config.Projections", ErrNotMaterialized, p.name)
}
