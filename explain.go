package ireneo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Row is one stored row of a projection.
type Row struct {
	Key   string
	Model any // a pointer to the projection's model; what is sensitive in it is not masked
}

// RowQuery selects rows of a projection, in the order of their keys as the database has it.
type RowQuery struct {
	Prefix    string // only keys that begin with it
	After     string // only keys after this one, or with Backwards before it; empty is no bound
	Backwards bool   // from the last key to the first
	Limit     int    // at most so many rows. Defaults to 50, at most 1000
}

// Rows reads stored rows of a projection. It is ErrNotMaterialized where nobody keeps any,
// and ErrPersistsItself with PersistWith.
func (l *Log) Rows(ctx context.Context, projection string, q RowQuery) ([]Row, error) {
	s, err := l.storedFor(projection)
	if err != nil {
		return nil, err
	}
	key, order := l.DB().Statement.Quote(s.key.DBName), " > ?"
	db := l.DB().WithContext(ctx).Limit(min(cmp.Or(max(q.Limit, 0), usualFound), maxFound))
	if q.Backwards {
		order = " < ?"
	}
	if q.After != "" {
		db = db.Where(key+order, q.After)
	}
	if q.Prefix != "" {
		db = db.Where(key+` LIKE ? ESCAPE '\'`, likeEscapes.Replace(q.Prefix)+"%")
		// where LIKE takes one case of letters for the other
		db = db.Where("SUBSTR("+key+", 1, ?) = ?", len([]rune(q.Prefix)), q.Prefix)
	}
	if q.Backwards {
		db = db.Order(key + " DESC")
	} else {
		db = db.Order(key)
	}
	models := reflect.New(reflect.SliceOf(s.projection.model))
	if err := db.Find(models.Interface()).Error; err != nil {
		return nil, fmt.Errorf("read the rows of %s: %w", projection, err)
	}

	rows := make([]Row, models.Elem().Len())
	for i := range rows {
		rows[i] = s.storedRow(ctx, models.Elem().Index(i).Addr())
	}
	return rows, nil
}

// likeEscapes makes text mean itself in a LIKE.
var likeEscapes = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func (s *stored) storedRow(ctx context.Context, model reflect.Value) Row {
	key, _ := s.key.ValueOf(ctx, model.Elem())
	return Row{Key: fmt.Sprint(key), Model: model.Interface()}
}

// checkKey refuses what no row has as its key. Those of rows by key are what OnBy makes them.
func (s *stored) checkKey(key string) error {
	if s.keyed() && key != "" && utf8.ValidString(key) && !strings.Contains(key, "\x00") {
		return nil
	}
	return checkID(key)
}

// Row reads one stored row of a projection, a *NotFoundError where there is none of this
// key.
func (l *Log) Row(ctx context.Context, projection, key string) (*Row, error) {
	s, err := l.storedFor(projection)
	if err == nil {
		err = s.checkKey(key)
	}
	if err != nil {
		return nil, err
	}
	model := reflect.New(s.projection.model)
	err = l.DB().WithContext(ctx).Where(map[string]any{s.key.DBName: key}).Take(model.Interface()).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, &NotFoundError{ID: key, Projection: projection}
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of %s: %w", key, projection, err)
	}
	row := s.storedRow(ctx, model)
	return &row, nil
}

// Explain yields the events that a row of a projection is made of, with what each has
// changed, from the first on. It depends on nothing but the log: After of the last one is
// what the row should be, as far as it was brought up to date. Where no event is for the row
// it is a *NotFoundError. Over many streams it reads
// all events of the projection's types, and ends where ctx does; then, and on any other
// error, that is yielded once, as the last pair.
func (l *Log) Explain(ctx context.Context, projection, key string) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		s, err := l.storedFor(projection)
		if err == nil {
			err = s.checkKey(key)
		}
		if err != nil {
			yield(State{}, err)
			return
		}
		states := l.explainKey(ctx, s, key)
		if !s.keyed() {
			states, err = l.explainStream(ctx, s, key)
		}
		if err != nil {
			yield(State{}, err)
			return
		}
		for state, err := range states {
			if !yield(state, err) {
				return
			}
		}
	}
}

// explainStream is for a row of one stream: of those with this id the one appended to last.
func (l *Log) explainStream(ctx context.Context, s *stored, id string) (iter.Seq2[State, error], error) {
	upTo, err := l.keptUpTo(ctx, s)
	if err != nil {
		return nil, err
	}
	q := store.Query{Types: s.events(), UpToPosition: upTo}
	var last store.Record
	for _, typ := range s.streams {
		r, err := l.first(ctx, store.Query{
			Stream: store.Stream{Type: typ, ID: id}, Order: store.LastFirst, Types: q.Types, UpToPosition: upTo,
		})
		if err != nil {
			return nil, err
		}
		if r.Position > last.Position {
			last = r
		}
	}
	if last.Position == 0 || upTo == 0 && !s.transactional {
		return nil, &NotFoundError{ID: id, Projection: s.projection.name}
	}
	step := &stepping{log: l, of: s.projection, key: last.Stream, asRow: true}
	return func(yield func(State, error) bool) { step.run(ctx, q, yield) }, nil
}

// keptUpTo is the position up to which rows were brought up to date after the commit, zero
// where none were, or none have to be.
func (l *Log) keptUpTo(ctx context.Context, s *stored) (int64, error) {
	if s.transactional {
		return 0, nil
	}
	cursor, err := l.delivery(ctx, s.projection.name)
	if errors.Is(err, ErrUnknownSubscription) { // Run has never run
		return 0, nil
	}
	return cursor.Position, err
}

// explainKey is for a row that events of many streams may be for.
func (l *Log) explainKey(ctx context.Context, s *stored, key string) iter.Seq2[State, error] {
	return func(yield func(State, error) bool) {
		upTo, err := l.keptUpTo(ctx, s)
		if err != nil {
			yield(State{}, err)
			return
		}
		q := store.Browse{Types: s.events(), Oldest: true, Limit: 1000, Before: store.Point{Position: upTo + 1}}
		k := &keyed{log: l, of: s, key: key}
		for {
			records, err := l.store.Browse(ctx, q)
			if err != nil {
				yield(State{}, fmt.Errorf("explain %s of %s: %w", key, s.projection.name, err))
				return
			}
			for _, r := range records {
				state, is, err := k.step(r)
				if (is || err != nil) && !yield(state, err) || err != nil {
					return
				}
			}
			if len(records) < q.Limit {
				if k.state == nil {
					yield(State{}, &NotFoundError{ID: key, Projection: s.projection.name})
				}
				return
			}
			end := records[len(records)-1]
			q.After = store.Point{Position: end.Position, Ordinal: end.Ordinal}
		}
	}
}

// keyed folds what is for one key.
type keyed struct {
	log   *Log
	of    *stored
	key   string
	state any // nil: there was nothing yet
}

// step folds one record. is says that it is for the key.
func (k *keyed) step(r store.Record) (state State, is bool, err error) {
	p := k.of.projection
	h, err := p.handlerFor(r.Type)
	if h == nil || err != nil {
		return State{}, false, err
	}
	ev, err := h.typ.decode(r)
	if err != nil || h.keyOf(ev) != k.key {
		return State{}, false, err
	}
	if k.state != nil {
		state.Before = p.finished(k.state, time.Time{})
	} else {
		at, err := k.log.momentOf(p, []store.Record{r})
		if err != nil {
			return State{}, false, err
		}
		k.state = p.empty()
		p.begin(k.state, at)
	}
	k.log.interpret(p, h, k.state, ev, r)
	if err := k.of.setKey(k.key, k.state); err != nil {
		return State{}, false, err
	}
	state.Event, state.After = k.log.describe(r, ev), p.finished(k.state, time.Time{})
	return state, true, nil
}
