package view

import (
	"context"
	"net/url"
	"reflect"
	"slices"
	"time"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/clone"
)

// Look is how a page wants to see a stream.
type Look struct {
	Path  string     // of the page, without its query
	Query url.Values // ?version=, ?at=, ?as_of= and ?older= are read; nil is now, from the newest entry

	// Phrase puts an event into words. Nil, or an empty What, takes the words from the
	// event's type: debt.payment_received is Payment received.
	Phrase func(ev ireneo.AnyEvent) Phrase

	// Value writes a field of an event or of the state for people, by its JSON key or its
	// name in snake case; what it answers with nothing stays out. Nil is the func Value.
	Value func(key string, value any) string
}

// At is the look at a page: its path, without the query, and the query.
func (l Look) At(path string, query url.Values) Look {
	l.Path, l.Query = path, query
	return l
}

// Phrase is an event in words.
type Phrase struct {
	What string          // such as "Payment"
	Note string          // what somebody wrote down with it
	Icon templ.Component // goes before What, if not nil
}

// Path is the page of one thing in a list, such as /debts/7.
func Path(list, id string) string { return list + "/" + url.PathEscape(id) }

// Page is a stream as its page shows it: the state at the moment that is looked at, with
// one part of its history.
type Page[M any] struct {
	State *M // without its primary key, which is the stream's id
	Timeline
}

// entriesPerPage is how many entries of a history are shown at once.
const entriesPerPage = 50

// Load reads a stream as its page shows it, in one pass: state, version and entries
// belong together. Memory is bounded by what is shown; time is not, the whole stream is
// folded. It is a *NotFoundError where there was nothing at the moment, and an error
// that the server answers with 400 where the query cannot be understood.
func Load[M any](ctx context.Context, h *ireneo.Handle, p *ireneo.Projection[M], look Look) (*Page[M], error) {
	l, err := newLoader(p, look)
	if err != nil {
		return nil, err
	}
	if l.moment.Past() {
		if l.line.Versions, err = h.Version(ctx); err != nil {
			return nil, err
		}
		l.target = min(l.moment.Version, l.line.Versions)
	}

	for ev, err := range h.Events(ctx, l.moment.Options()...) {
		if err != nil {
			return nil, err
		}
		if err := l.fold(ev); err != nil {
			return nil, err
		}
	}
	if l.line.Shown == 0 {
		return nil, &ireneo.NotFoundError{Stream: h.Type(), ID: h.ID(), Projection: p.Name(), AsOf: l.moment.AsOf, At: l.moment.At, Version: l.moment.Version}
	}
	return l.page(), nil
}

// loader folds a stream and keeps the part of its history that is shown.
type loader[M any] struct {
	look       Look
	moment     Moment
	older      int64 // entries begin after the one of this version; zero: with the newest
	at         time.Time
	projection *ireneo.Projection[M]
	copy       clone.Func

	line    Timeline
	state   *M
	without *M    // the state without the event of the target version
	target  int64 // the version whose change is shown; zero: none
	last    *M    // a finished copy of state
	steps   []step[M]
	passed  bool // the entry of version older was folded
}

// step is one event, and the states around it. Nobody changes them.
type step[M any] struct {
	ev            ireneo.AnyEvent
	before, after *M
	late          bool
}

func newLoader[M any](p *ireneo.Projection[M], look Look) (*loader[M], error) {
	moment, err := MomentOf(look.Query)
	if err != nil {
		return nil, err
	}
	older, err := versionIn(look.Query, olderParam)
	if err != nil {
		return nil, err
	}
	deep, err := clone.For(reflect.TypeFor[M]())
	if err != nil {
		return nil, err
	}

	l := &loader[M]{look: look, moment: moment, older: older, at: moment.At, projection: p, copy: deep}
	if l.at.IsZero() {
		l.at = time.Now()
	}
	l.state, l.without = p.Initial(l.at), p.Initial(l.at)
	l.last = l.finished(l.state)
	l.line.Path, l.line.Moment = look.Path, moment
	return l, nil
}

// finished is a completed copy of a state that goes on being folded.
func (l *loader[M]) finished(state *M) *M {
	m := l.copy(state).(*M)
	l.projection.Final(m, l.at)
	return m
}

func (l *loader[M]) fold(ev ireneo.AnyEvent) error {
	version := ev.Version()
	if err := l.projection.Interpret(l.state, ev, ev.OccurredAt()); err != nil {
		return err
	}
	if l.target > 0 && version != l.target {
		if err := l.projection.Interpret(l.without, ev, ev.OccurredAt()); err != nil {
			return err
		}
	}
	if version == l.target {
		l.line.What = phrase(l.look, ev).What
	}
	l.line.Shown = max(l.line.Shown, version)

	s := step[M]{ev: ev, before: l.last, after: l.finished(l.state)}
	l.last = s.after
	l.keep(s)
	return nil
}

// keep keeps the newest entries of the page that is asked for. An entry is late when one
// that happened after it was recorded before it.
func (l *loader[M]) keep(s step[M]) {
	for i := range l.steps {
		l.steps[i].late = l.steps[i].late || l.steps[i].ev.Version() > s.ev.Version()
	}
	if l.passed = l.passed || s.ev.Version() == l.older; l.passed {
		return
	}
	if l.steps = append(l.steps, s); len(l.steps) > entriesPerPage {
		l.steps = l.steps[1:]
		l.line.Older = l.steps[0].ev.Version()
	}
}

func (l *loader[M]) page() *Page[M] {
	l.line.Versions = max(l.line.Versions, l.line.Shown)
	l.line.Newest = l.older == 0
	if l.target > 0 {
		l.line.Changes = l.changes(l.finished(l.without), l.last, l.line.Shown)
	}
	for _, s := range slices.Backward(l.steps) {
		e := l.look.entry(s.ev)
		e.Changes, e.Late = l.changes(s.before, s.after, e.Version), s.late
		l.line.Entries = append(l.line.Entries, e)
	}
	return &Page[M]{State: l.last, Timeline: l.line}
}

// changes are what an event changed. Before the first one there was nothing, whatever an
// empty state looks like.
func (l *loader[M]) changes(before, after *M, version int64) []Change {
	changes := Diff(before, after, l.look.Value)
	if version == 1 {
		for i := range changes {
			changes[i].Before = ""
		}
	}
	return changes
}
