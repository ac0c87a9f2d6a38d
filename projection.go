package ireneo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/clone"
)

// Projection folds the events of a stream into the model M, a struct. Without a
// database it is computed; a stream that materializes it keeps one row of it per
// stream id, Config.Projections one a key over many streams. A Projection is a declaration: it is made once, at start-up, never
// changes and is safe for concurrent use.
type Projection[M any] struct {
	*projection
	log *Log // bound with In; nil takes the context's
}

// AnyProjection is a projection of any model.
type AnyProjection interface {
	// Name is what the projection is called in errors, logs and pages.
	Name() string

	untyped() *projection
}

// Part is one part of a projection's declaration: On, OnBy, Initial, Final or PersistWith.
type Part[M any] func(*projection)

// NewProjection declares a projection:
//
//	var OutstandingBalances = ireneo.NewProjection("outstanding_balances",
//		ireneo.On(func(b *OutstandingBalance, e *debt.Issued, at time.Time) { b.Outstanding = e.Amount }),
//	)
//
// Replay starts from the zero M, passes it through Initial, then every event the
// projection has an On for, in the order of (occurred_at, version), then Final. Other
// events are skipped undecoded. Mistakes in the declaration are reported by Open.
func NewProjection[M any](name string, parts ...Part[M]) *Projection[M] {
	p := &projection{
		name:     name,
		model:    reflect.TypeFor[M](),
		empty:    func() any { return new(M) },
		handlers: map[string]*handler{},
	}
	if name == "" {
		p.mistake("give it a name")
	}
	if p.model.Kind() != reflect.Struct {
		p.mistake("its model %s is not a struct", p.model)
	} else if copyState, err := clone.For(p.model); err != nil {
		p.mistake("%w", err)
	} else {
		p.copy = copyState
	}
	for _, part := range parts {
		part(p)
	}
	return &Projection[M]{projection: p}
}

// On says how an event changes the model. at is the event's occurred_at. The
// function must depend on nothing but its arguments. In a consistency projection it
// may reject the event with e.Errors().Add; on the way there e has a Version but no
// Position yet.
func On[M, E any, P eventPointer[E]](interpret func(m *M, e *E, at time.Time)) Part[M] {
	h := handlerOf[M, E, P](interpret)
	return func(p *projection) { p.on(h) }
}

// OnBy is On for a projection over many streams, in Config.Projections: key says which row
// the event is for. An empty key is for none. On means the row of the event's stream id
// there.
func OnBy[M, E any, P eventPointer[E]](key func(e *E) string, interpret func(m *M, e *E, at time.Time)) Part[M] {
	h := handlerOf[M, E, P](interpret)
	h.key = func(ev AnyEvent) string { return key((*E)(ev.(P))) }
	return func(p *projection) { p.on(h) }
}

func handlerOf[M, E any, P eventPointer[E]](interpret func(m *M, e *E, at time.Time)) *handler {
	return &handler{typ: TypeOf[E, P]().eventType, apply: func(model any, ev AnyEvent, at time.Time) {
		interpret(model.(*M), (*E)(ev.(P)), at)
	}}
}

// Initial prepares the model before the first event. at is the At of the query, or
// now. While appending it is the moment at which this process read the stream: what
// depends on the moment of each append belongs into Final. For rows kept up after the
// commit it is when the last event was recorded, or what Moment says.
func Initial[M any](prepare func(m *M, at time.Time)) Part[M] {
	return func(p *projection) {
		p.initial = func(model any, at time.Time) { prepare(model.(*M), at) }
	}
}

// Final completes the model after the last event. at is the At of the query, or now; for a
// row it is when the last event was recorded.
func Final[M any](complete func(m *M, at time.Time)) Part[M] {
	return func(p *projection) {
		p.final = func(model any, at time.Time) { complete(model.(*M), at) }
	}
}

// PersistWith replaces the upsert of a materialized projection. persist is called
// once an append with the validated model, inside the append's transaction; its error
// rolls the append back and reaches the caller inside a ProjectionError. It costs the
// append an explicit transaction. After the commit it is called for each stream that has
// changed, in the transaction that moves the cursor; its error is tried again, and then
// stops the projection.
func PersistWith[M any](persist func(ctx context.Context, tx *gorm.DB, m *M) error) Part[M] {
	return func(p *projection) {
		p.persist = func(ctx context.Context, tx *gorm.DB, model any) error { return persist(ctx, tx, model.(*M)) }
	}
}

// Strict returns the projection with unknown events made an error: ErrUnknownEvent
// instead of skipping what it has no On for.
func (p *Projection[M]) Strict() *Projection[M] {
	strict := *p.projection
	strict.strict = true
	return &Projection[M]{projection: &strict, log: p.log}
}

// Wait returns the projection with its rows, where they are kept up after the commit,
// kept so long behind it.
func (p *Projection[M]) Wait(delay time.Duration) *Projection[M] {
	waiting := *p.projection
	waiting.wait = delay
	return &Projection[M]{projection: &waiting, log: p.log}
}

// Moment returns the projection with what Initial and Final are told as at, where its rows
// are kept up after the commit, made of the last event that was folded. Otherwise it is
// when that was recorded.
func (p *Projection[M]) Moment(of func(last AnyEvent) time.Time) *Projection[M] {
	timed := *p.projection
	timed.moment = of
	return &Projection[M]{projection: &timed, log: p.log}
}

// In returns the projection bound to a log, so that it needs none in the context.
func (p *Projection[M]) In(log *Log) *Projection[M] {
	return &Projection[M]{projection: p.projection, log: log}
}

// Initial returns the model as it is before the first event, for a moment.
func (p *Projection[M]) Initial(at time.Time) *M {
	m := new(M)
	p.begin(m, at)
	return m
}

// Interpret lets one event change the model, at its occurred_at. It needs no database.
// Errors the interpretation adds are in ev.Errors(), and only those. Events the projection does not
// know change nothing, or are ErrUnknownEvent where it is Strict.
func (p *Projection[M]) Interpret(m *M, ev AnyEvent, at time.Time) error {
	if err := errors.Join(p.mistakes...); err != nil {
		return err
	}
	h, err := p.handlerFor(p.describe(ev))
	ev.Errors().clear()
	if h != nil {
		h.apply(m, ev, at)
	}
	return err
}

// Final completes the model as it is after the last event, for a moment.
func (p *Projection[M]) Final(m *M, at time.Time) { p.finish(m, at) }

// projection is a Projection without its type parameter.
type projection struct {
	name     string
	model    reflect.Type
	empty    func() any
	copy     clone.Func
	handlers map[string]*handler // by stored name and alias
	initial  func(model any, at time.Time)
	final    func(model any, at time.Time)
	persist  func(ctx context.Context, tx *gorm.DB, model any) error
	strict   bool
	every    int                           // events from one snapshot to the next; 0: none
	wait     time.Duration                 // after the commit
	moment   func(last AnyEvent) time.Time // nil: when it was recorded
	mistakes []error
}

// handler is one On.
type handler struct {
	typ   *eventType
	key   func(ev AnyEvent) string // nil: the stream id
	apply func(model any, ev AnyEvent, at time.Time)
}

func (h *handler) keyOf(ev AnyEvent) string {
	if h.key == nil {
		return ev.StreamID()
	}
	return h.key(ev)
}

// Name is what the projection is called in errors, logs and pages.
func (p *projection) Name() string { return p.name }

func (p *projection) untyped() *projection { return p }

// keyed reports whether it says which rows its events are for.
func (p *projection) keyed() bool {
	for _, h := range p.handlers {
		if h.key != nil {
			return true
		}
	}
	return false
}

func (p *projection) mistake(format string, args ...any) {
	p.mistakes = append(p.mistakes, fmt.Errorf("projection %s: "+format, append([]any{p.name}, args...)...))
}

func (p *projection) on(h *handler) {
	if h.typ.err != nil {
		p.mistakes = append(p.mistakes, h.typ.err)
		return
	}
	for _, name := range h.typ.names() {
		if p.handlers[name] != nil {
			p.mistake("%s has more than one interpretation", name)
		}
		p.handlers[name] = h
	}
}

// handlerFor finds the interpretation of a stored name; nil skips the event.
func (p *projection) handlerFor(name string) (*handler, error) {
	h := p.handlers[name]
	if h == nil && p.strict {
		return nil, fmt.Errorf("%w: strict projection %s has no interpretation of %s", ErrUnknownEvent, p.name, name)
	}
	return h, nil
}

// describe finds the stored name of an event. One that met no log yet is given its
// type here, by the Go type of the Ons.
func (p *projection) describe(ev AnyEvent) string {
	if ev.event().known != nil && ev.event().known.typ != nil {
		return ev.event().typeName()
	}
	goType := reflect.TypeOf(ev).Elem()
	for _, h := range p.handlers {
		if h.typ.goType == goType {
			k := ev.event().facts()
			k.self, k.typ, k.errors.labels = ev, h.typ, h.typ.labels
			return h.typ.name
		}
	}
	return goType.String()
}

func (p *projection) begin(model any, at time.Time) {
	if p.initial != nil {
		p.initial(model, at)
	}
}

func (p *projection) finish(model any, at time.Time) {
	if p.final != nil {
		p.final(model, at)
	}
}

// finished returns a completed copy of a state that goes on being folded.
func (p *projection) finished(state any, at time.Time) any {
	model := p.copy(state)
	p.finish(model, at)
	return model
}
