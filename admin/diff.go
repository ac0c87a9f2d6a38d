package admin

import (
	"context"
	"errors"
	"fmt"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// eventsInDiff is how many of the events between two versions are shown.
const eventsInDiff = 50

// diffPage is what differs between two versions of a stream.
type diffPage struct {
	*subject
	Projection string               `json:"projection"`
	From       int64                `json:"from"` // zero: before the first event
	To         int64                `json:"to"`
	Changes    []change             `json:"changes"`
	More       bool                 `json:"more_changes,omitempty"`
	Unfolded   *unfolded            `json:"unfolded,omitempty"`
	Events     []ireneo.StoredEvent `json:"events"`      // between them, the newest first
	MoreEvents bool                 `json:"more_events"` // than these
}

func (a *admin) streamDiff(v *visit) (*page, error) {
	s, of, err := a.view(v)
	if err != nil {
		return nil, err
	}
	if s.Head == nil {
		return v.missing(s), nil
	}
	shown := &diffPage{subject: s, Projection: of.Name(), Changes: []change{}, Events: []ireneo.StoredEvent{}}
	if err := shown.read(v); err != nil {
		return nil, err
	}
	low, high := min(shown.From, shown.To), max(shown.From, shown.To)
	events, err := a.versions(v.Context(), s, max(low, high-eventsInDiff), high)
	if err != nil {
		return nil, err
	}
	shown.Events, shown.MoreEvents = append(shown.Events, events...), high-low > eventsInDiff
	if shown.Unfolded, err = v.fold(of, func(ctx context.Context) error { return shown.fold(ctx, of) }); err != nil {
		return nil, err
	}
	return &page{Title: "Difference in " + s.Name, Nav: "/streams", Data: shown, Body: diffBody(v, shown)}, nil
}

// read takes the versions from the query: without one, what the last event has changed.
func (p *diffPage) read(v *visit) (err error) {
	if p.To, err = v.versionIn("to", 0, p.Head.Version); err != nil {
		return err
	}
	if p.From, err = v.versionIn("from", 0, max(p.To-1, 0)); err != nil {
		return err
	}
	if highest := max(p.From, p.To); highest > p.Head.Version {
		return refusal.BadRequest("There is no version %d yet: %s is at version %d.", highest, p.Name, p.Head.Version)
	}
	return nil
}

// fold computes both states.
func (p *diffPage) fold(ctx context.Context, of ireneo.AnyProjection) error {
	before, err := p.at(ctx, of, p.From)
	if err != nil {
		return err
	}
	after, err := p.at(ctx, of, p.To)
	if err != nil {
		return err
	}
	changes, more := changesOf(before, after)
	p.Changes, p.More = append(p.Changes, changes...), more
	return nil
}

// at is the state at a version, nil before the first.
func (p *diffPage) at(ctx context.Context, of ireneo.AnyProjection, version int64) (any, error) {
	if version == 0 {
		return nil, nil
	}
	state, err := p.handle.Replay(ctx, of, ireneo.AtVersion(version))
	if errors.Is(err, ireneo.ErrNotFound) {
		return nil, nil
	}
	return state, err
}

// words say what is compared.
func (p *diffPage) words() string {
	if p.From == p.To {
		return fmt.Sprintf("Both are version %d: choose another one.", p.From)
	}
	return fmt.Sprintf("What is different in %s at version %d, compared with version %d.", p.Projection, p.To, p.From)
}

// step is this page with both versions moved; empty where that leads outside.
func (p *diffPage) step(v *visit, by int64) string {
	low, high := min(p.From, p.To)+by, max(p.From, p.To)+by
	if low < 0 || high > p.Head.Version {
		return ""
	}
	return p.path(v, p.From+by, p.To+by)
}

func (p *diffPage) path(v *visit, from, to int64) string {
	return v.with("from", fmt.Sprint(from), "to", fmt.Sprint(to))
}
