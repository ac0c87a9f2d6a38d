package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// statePage is the state of a stream at some moment.
type statePage struct {
	*subject
	Projection string          `json:"projection"`
	Version    int64           `json:"version"`         // no event above it
	At         *time.Time      `json:"at,omitempty"`    // only what was true by then
	AsOf       *time.Time      `json:"as_of,omitempty"` // only what was known by then
	Events     int64           `json:"events"`          // in the state; -1: they took too long to count
	State      json.RawMessage `json:"state"`           // null: there was none by then, or it could not be computed
	Fields     []modelField    `json:"fields"`
	More       bool            `json:"more_fields,omitempty"`
	Changes    []change        `json:"changes"` // since the version before
	MoreChange bool            `json:"more_changes,omitempty"`
	Unfolded   *unfolded       `json:"unfolded,omitempty"`

	Event *ireneo.StoredEvent `json:"event"` // of the version
	First *ireneo.StoredEvent `json:"first"` // of the stream
}

// errNoViewpoint says that there are no states.
func errNoViewpoint(s *subject) error {
	if !s.info.Declared {
		return refusal.BadRequest("This program declares no streams of type %s, so that it knows no states of them. Declare it in Config.Streams.", s.info.Type)
	}
	return refusal.BadRequest("No projection looks at streams of type %s, so that there are no states. Declare one, or add it to admin.Config.Projections.", s.info.Type)
}

func (a *admin) streamState(v *visit) (*page, error) {
	s, of, err := a.view(v)
	if err != nil {
		return nil, err
	}
	if s.Head == nil {
		return v.missing(s), nil
	}
	shown := &statePage{subject: s, Projection: of.Name(), Fields: []modelField{}, Changes: []change{}, State: json.RawMessage("null")}
	if err := shown.read(v); err != nil {
		return nil, err
	}
	if shown.First, err = a.edge(v.Context(), s, true); err != nil {
		return nil, err
	}
	if shown.Event, err = a.eventAt(v.Context(), s, shown.Version); err != nil {
		return nil, err
	}
	if shown.Unfolded, err = v.fold(of, func(ctx context.Context) error { return shown.fold(ctx, of) }); err != nil {
		return nil, err
	}
	return &page{Title: "State of " + s.Name, Nav: "/streams", Data: shown, Body: stateBody(v, shown)}, nil
}

// view is a stream, and the projection to look at it with.
func (a *admin) view(v *visit) (*subject, ireneo.AnyProjection, error) {
	s, err := a.subject(v)
	if err != nil {
		return nil, nil, err
	}
	of, err := s.projection(v)
	if err == nil && of == nil {
		err = errNoViewpoint(s)
	}
	return s, of, err
}

// read takes the moment from the query.
func (p *statePage) read(v *visit) (err error) {
	if p.Version, err = v.versionIn("version", 1, p.Head.Version); err != nil {
		return err
	}
	if p.Version > p.Head.Version {
		return refusal.BadRequest("There is no version %d yet: %s is at version %d.", p.Version, p.Name, p.Head.Version)
	}
	if p.At, err = v.timeIn("at"); err == nil {
		p.AsOf, err = v.timeIn("as_of")
	}
	return err
}

// timeIn reads a moment of the query; a day is its end. Nil: there is none.
func (v *visit) timeIn(param string) (*time.Time, error) {
	text := v.URL.Query().Get(param)
	if text == "" {
		return nil, nil
	}
	t, err := momentOf(text, v.now, true)
	if err != nil {
		return nil, refusal.BadRequest("%s=%s: %s.", param, text, err.Error())
	}
	return &t, nil
}

// options select the events up to a version.
func (p *statePage) options(version int64) []ireneo.ReplayOption {
	all := []ireneo.ReplayOption{ireneo.AtVersion(version)}
	if p.At != nil {
		all = append(all, ireneo.At(*p.At))
	}
	if p.AsOf != nil {
		all = append(all, ireneo.AsOf(*p.AsOf))
	}
	return all
}

// fold computes the state, and the one before.
func (p *statePage) fold(ctx context.Context, of ireneo.AnyProjection) error {
	before, after, err := p.both(ctx, of)
	if err != nil || after == nil {
		return err
	}
	p.Fields, p.More = fieldsOf(after, shownFields)
	p.State, p.Events = modelJSON(after), p.Version
	changes, more := changesOf(before, after)
	p.Changes, p.MoreChange = append(p.Changes, changes...), more
	return p.count(ctx)
}

// both are the states at the version and below it; nil where nothing had happened.
func (p *statePage) both(ctx context.Context, of ireneo.AnyProjection) (before, after any, err error) {
	if p.At == nil && p.AsOf == nil { // one fold does
		for state, err := range p.handle.States(ctx, of, p.Version-1, p.Version) {
			return state.Before, state.After, err
		}
		return nil, nil, nil
	}
	if after, err = p.replay(ctx, of, p.Version); err != nil || after == nil || p.Version == 1 {
		return nil, after, err
	}
	before, err = p.replay(ctx, of, p.Version-1)
	return before, after, err
}

// replay is the state at a version and the moments; nil where nothing had happened.
func (p *statePage) replay(ctx context.Context, of ireneo.AnyProjection, version int64) (any, error) {
	state, err := p.handle.Replay(ctx, of, p.options(version)...)
	if errors.Is(err, ireneo.ErrNotFound) {
		return nil, nil
	}
	return state, err
}

// count counts the events in the state, where moments leave some out.
func (p *statePage) count(ctx context.Context) error {
	if p.At == nil && p.AsOf == nil {
		return nil
	}
	p.Events = 0
	for _, err := range p.handle.Events(ctx, p.options(p.Version)...) {
		if err != nil {
			p.Events = -1
			return err
		}
		p.Events++
	}
	return nil
}

// words say which events the state is made of.
func (p *statePage) words() string {
	var parts []string
	if p.AsOf != nil {
		parts = append(parts, fmt.Sprintf("as known on %s UTC", moment(*p.AsOf)))
	}
	if p.At != nil {
		parts = append(parts, fmt.Sprintf("of what was true on %s UTC", moment(*p.At)))
	}
	switch {
	case p.Version < p.Head.Version:
		parts = slices.Insert(parts, 0, fmt.Sprintf("After version %d of %d", p.Version, p.Head.Version))
	case len(parts) == 0:
		parts = []string{"After all " + plural(p.Head.Version, "event")}
	default:
		parts = slices.Insert(parts, 0, "The state")
	}
	return strings.Join(parts, ", ") + "."
}

// nothing says why there is no state.
func (p *statePage) nothing() string {
	return fmt.Sprintf("Nothing had happened by then: the first event is of %s UTC, and was recorded at %s UTC. Choose a later moment.",
		moment(p.First.OccurredAt), moment(p.First.RecordedAt))
}

// typedTime is a moment as fields of forms have it.
func typedTime(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.999")
}

// counted is of how many events the state is.
func (p *statePage) counted() string {
	if p.Events < 0 {
		return "events too many to count"
	}
	return plural(p.Events, "event")
}

// since is between what the changes are.
func (p *statePage) since() string {
	if p.Version == 1 {
		return "Since there was nothing"
	}
	return fmt.Sprintf("Since version %d", p.Version-1)
}

func (p *statePage) unchanged() string {
	return fmt.Sprintf("Nothing, since version %d: that event changes no field, or is not among those asked for.", p.Version-1)
}

// stepTo is this page at another version; empty where there is no such version.
func stepTo(v *visit, version, least, head int64) string {
	if version < least || version > head {
		return ""
	}
	return v.with("version", fmt.Sprint(version))
}
