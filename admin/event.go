package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
)

// eventPage is one event, and what is around it.
type eventPage struct {
	ireneo.StoredEvent
	SchemaNow int                  `json:"schema_version_now,omitempty"` // of this program
	Cause     *ireneo.StoredEvent  `json:"cause,omitempty"`
	Effects   []ireneo.StoredEvent `json:"effects"` // oldest first, at most maxEffects
	More      bool                 `json:"more_effects,omitempty"`
	InStream  around               `json:"in_stream"`
	InLog     around               `json:"in_log"`
	Touches   []touched            `json:"projections"`
	Literal   string               `json:"go,omitempty"`

	fields   []modelField
	moreThan bool // fields
}

// around are the ids of the events before and after one, empty at the ends.
type around struct {
	Previous string `json:"previous,omitempty"`
	Next     string `json:"next,omitempty"`
}

// touched is a projection that interprets an event.
type touched struct {
	Name     string `json:"name"`
	ByStream bool   `json:"by_stream"` // so that it has a state at each version
}

// How much is shown of what is around an event.
const (
	maxEffects  = 50
	longValue   = 300     // characters of a value that are shown at once
	longPayload = 4 << 10 // bytes of a payload that are
)

func (a *admin) event(v *visit) (*page, error) {
	stored, err := a.eventOf(v.Context(), v.segment("id"))
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return noEvent(v, v.segment("id")), nil
	}
	p := &eventPage{StoredEvent: *stored, Touches: a.touchedBy(stored)}
	if stored.Problem == "" {
		p.SchemaNow, p.Literal = schemaOf(stored.Event), goLiteral(stored.Event)
		p.fields, p.moreThan = fieldsOf(stored.Event, shownFields)
	}
	if err := a.lookAround(v.Context(), p); err != nil {
		return nil, err
	}
	return &page{Title: p.Type + " " + p.Stream, Nav: "/events", Data: p, Body: eventBody(v, p)}, nil
}

// noEvent is the page of an id that no event has.
func noEvent(v *visit, id string) *page {
	data := problem{Status: http.StatusNotFound, Title: "No such event", Detail: "No event has this id."}
	return &page{Title: data.Title, Nav: "/events", Status: data.Status, Data: data, Body: noEventBody(v, id)}
}

// lookAround finds what came before and after an event, what caused it, and what it caused.
func (a *admin) lookAround(ctx context.Context, p *eventPage) (err error) {
	at, stream := p.Point(), []string{p.Stream}
	for _, look := range []struct {
		id     *string
		search ireneo.Search
	}{
		{&p.InStream.Previous, ireneo.Search{Streams: stream, Before: at}},
		{&p.InStream.Next, ireneo.Search{Streams: stream, After: at, Oldest: true}},
		{&p.InLog.Previous, ireneo.Search{Before: at}},
		{&p.InLog.Next, ireneo.Search{After: at, Oldest: true}},
	} {
		look.search.Limit = 1
		found, err := a.log.Search(ctx, look.search)
		if err != nil {
			return err
		}
		if len(found.Events) > 0 {
			*look.id = found.Events[0].ID.String()
		}
	}
	if p.Cause, err = a.eventOf(ctx, metaOf(p.StoredEvent, ireneo.CausationKey)); err != nil {
		return err
	}

	found, err := a.log.Search(ctx, ireneo.Search{Where: metaIs(ireneo.CausationKey, p.ID.String()), Oldest: true, Limit: maxEffects})
	if err != nil {
		return err
	}
	p.Effects, p.More = found.Events, found.More
	return nil
}

// eventOf finds an event by what may be its id, and may be anything; nil: there is none.
func (a *admin) eventOf(ctx context.Context, text string) (*ireneo.StoredEvent, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return nil, nil
	}
	e, err := a.log.Event(ctx, id)
	if errors.Is(err, ireneo.ErrNotFound) {
		return nil, nil
	}
	return e, err
}

// touchedBy are the projections that interpret an event.
func (a *admin) touchedBy(e *ireneo.StoredEvent) []touched {
	typ, _, _ := strings.Cut(e.Stream, "/")
	byStream := a.log.ProjectionsOf(typ)
	all := []touched{}
	for _, name := range a.log.Interpreters(typ, e.Type) {
		has := slices.ContainsFunc(byStream, func(p ireneo.AnyProjection) bool { return p.Name() == name })
		all = append(all, touched{name, has})
	}
	return all
}

// schemaOf is the schema version in which this program reads an event.
func schemaOf(ev ireneo.AnyEvent) int {
	if u, ok := ev.(ireneo.Upcaster); ok {
		return len(u.Upcasts()) + 1
	}
	return 1
}

// between is what lies between when an event occurred and when it was recorded, in words;
// empty where that is the same.
func between(occurred, recorded time.Time) string {
	switch d := recorded.Sub(occurred); {
	case d == 0:
		return ""
	case d > 0:
		return "Recorded " + lasting(d) + " after it occurred."
	default:
		return "Recorded " + lasting(-d) + " before it occurs."
	}
}

// statePath is the state of an event's stream at a version, as a projection sees it.
func (v *visit) statePath(e ireneo.StoredEvent, version, projection string) string {
	typ, id, _ := strings.Cut(e.Stream, "/")
	return link(v.path("streams", typ, id, "state"), "version", version, "projection", projection)
}

// causationPath is the list of the events that one has caused.
func (v *visit) causationPath(id string) string {
	return v.eventsPath(query{}.toggled("causation", id), "")
}

// chain is the correlation id of what the event belongs to: its own, or that of what it has
// caused, which the first of a chain does not have itself.
func (p *eventPage) chain() string {
	id := metaOf(p.StoredEvent, ireneo.CorrelationKey)
	if id == "" && len(p.Effects) > 0 {
		id = metaOf(p.Effects[0], ireneo.CorrelationKey)
	}
	return id
}
