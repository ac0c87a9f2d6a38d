package admin

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
)

const (
	maxGraph     = 500 // events of one correlation that are shown
	lately       = 100 // events that are looked at for correlations to begin with
	maxCorrelate = 10  // of these that are offered
)

// graphPage is what one thing set off.
type graphPage struct {
	Correlation string    `json:"correlation"`
	Events      int       `json:"events"`
	More        bool      `json:"more"` // there are more than these
	Lasted      float64   `json:"seconds"`
	Effects     []*effect `json:"effects"` // those that nothing here has caused, with theirs; the oldest first
	StreamTypes []string  `json:"stream_types"`
	drawing     *drawing  // of the effects
	took        string    // Lasted in words
}

// effect is an event in what was set off.
type effect struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Stream     string    `json:"stream"`
	Version    int64     `json:"version"`
	RecordedAt time.Time `json:"recorded_at"`
	Seconds    float64   `json:"seconds"`         // after the first one
	Cause      string    `json:"cause,omitempty"` // what its meta says
	Outside    bool      `json:"cause_outside"`   // that is none of these events
	Effects    []*effect `json:"effects"`

	after string // Seconds in words
	hue   int    // of the type of its stream
}

func (a *admin) graph(v *visit) (*page, error) {
	correlation := v.segment("correlation")
	g := &graphPage{Correlation: correlation, Effects: []*effect{}, StreamTypes: []string{}}
	all, err := a.setOff(v.Context(), g)
	if err != nil {
		return nil, err
	}
	g.plant(all)
	g.drawing = draw(g.Effects)
	return &page{Title: "Causes and effects", Nav: "/events", Data: g, Body: graphBody(v, g)}, nil
}

// setOff are the events of a correlation, the oldest first, and of each only what is drawn.
// Where the correlation is the id of an event which has none itself, that is what began.
func (a *admin) setOff(ctx context.Context, g *graphPage) (all []*effect, err error) {
	first, err := a.eventOf(ctx, g.Correlation)
	if err != nil {
		return nil, err
	}
	if first != nil && metaOf(*first, ireneo.CorrelationKey) == "" {
		all = append(all, newEffect(*first))
	}
	search := ireneo.Search{Where: metaIs(ireneo.CorrelationKey, g.Correlation), Oldest: true}
	g.More, err = a.each(ctx, search, maxGraph, func(e ireneo.StoredEvent) bool {
		all = append(all, newEffect(e))
		return true
	})
	return all, err
}

// plant makes trees of the events. A cause comes before its effects in the log: whatever
// the meta says, there can be no circle.
func (g *graphPage) plant(all []*effect) {
	g.Events = len(all)
	types := map[string]int{}
	for _, e := range all {
		types[streamType(e.Stream)] = 0
	}
	g.StreamTypes = slices.AppendSeq(g.StreamTypes, maps.Keys(types))
	slices.Sort(g.StreamTypes)

	known := map[string]*effect{}
	for _, e := range all {
		after := e.RecordedAt.Sub(all[0].RecordedAt)
		e.Seconds, e.after = after.Seconds(), passed(after)
		e.hue = slices.Index(g.StreamTypes, streamType(e.Stream)) % hues
		cause := known[strings.ToLower(e.Cause)]
		if cause == nil {
			e.Outside = e.Cause != ""
			g.Effects = append(g.Effects, e)
		} else {
			cause.Effects = append(cause.Effects, e)
		}
		known[e.ID] = e
		g.Lasted = max(g.Lasted, e.Seconds)
	}
	g.took = passed(time.Duration(g.Lasted * float64(time.Second)))
}

func newEffect(e ireneo.StoredEvent) *effect {
	return &effect{
		ID: e.ID.String(), Type: e.Type, Stream: e.Stream, Version: e.Version, RecordedAt: e.RecordedAt.UTC(),
		Cause: metaOf(e, ireneo.CausationKey), Effects: []*effect{},
	}
}

func streamType(stream string) string {
	typ, _, _ := strings.Cut(stream, "/")
	return typ
}

// passed is a short time in few digits: 12 ms, 3.4 s, and longer ones in words.
func passed(d time.Duration) string {
	sign := ""
	if d < 0 { // of another recorder, whose clock is behind
		sign, d = "−", -d
	}
	switch {
	case d < time.Second:
		return fmt.Sprintf("%s%d ms", sign, d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%s%.1f s", sign, d.Seconds())
	default:
		return sign + lasting(d)
	}
}

// findPage is where to begin.
type findPage struct {
	Query  string        `json:"query"`
	Event  string        `json:"event,omitempty"` // the id of an event without a correlation
	Lately []correlation `json:"lately"`
}

// correlation is one, and the last event of it.
type correlation struct {
	Correlation string             `json:"correlation"`
	Events      int                `json:"events"` // among those looked at
	Last        ireneo.StoredEvent `json:"last"`
}

// findGraph leads to the graph of a correlation, or of the one that an event belongs to.
func (a *admin) findGraph(v *visit) (*page, error) {
	f := &findPage{Query: strings.TrimSpace(v.URL.Query().Get("id")), Lately: []correlation{}}
	if f.Query != "" {
		to, err := a.graphOf(v, f)
		if err != nil || to != "" {
			return &page{Location: to}, err
		}
	}
	if _, err := a.each(v.Context(), ireneo.Search{}, lately, f.gather); err != nil {
		return nil, err
	}
	return &page{Title: "Causes and effects", Nav: "/events", Data: f, Body: findBody(v, f)}, nil
}

// graphOf is the address of the graph that is meant; empty: the event has no correlation,
// and has caused nothing.
func (a *admin) graphOf(v *visit, f *findPage) (string, error) {
	e, err := a.eventOf(v.Context(), f.Query)
	if err != nil || e == nil {
		return v.path("graph", f.Query), err
	}
	if correlation := metaOf(*e, ireneo.CorrelationKey); correlation != "" {
		return v.path("graph", correlation), nil
	}
	g := &graphPage{Correlation: e.ID.String()}
	all, err := a.setOff(v.Context(), g)
	if err != nil || len(all) > 1 {
		return v.path("graph", g.Correlation), err
	}
	f.Event = e.ID.String()
	return "", nil
}

// gather finds what one of the last events belongs to.
func (f *findPage) gather(e ireneo.StoredEvent) bool {
	id := metaOf(e, ireneo.CorrelationKey)
	i := slices.IndexFunc(f.Lately, func(c correlation) bool { return c.Correlation == id })
	switch {
	case i >= 0:
		f.Lately[i].Events++
	case id != "" && len(f.Lately) < maxCorrelate:
		f.Lately = append(f.Lately, correlation{id, 1, e})
	}
	return true
}

func isUUID(text string) bool {
	_, err := uuid.Parse(text)
	return err == nil
}
