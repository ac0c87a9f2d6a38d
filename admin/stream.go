package admin

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo"
)

const (
	eventsPerStreamPage = 50
	maxRelated          = 10
	maxCorrelated       = 200 // events that are looked at for streams of the same correlation
	fewFacts            = 6   // of an event, in short
)

// streamPage is the timeline of a stream.
type streamPage struct {
	*subject
	Projection string          `json:"projection,omitempty"`
	Events     []timelineEvent `json:"events"` // the newest first
	Unfolded   *unfolded       `json:"unfolded,omitempty"`
	First      time.Time       `json:"first_recorded_at"`
	Related    []namedHead     `json:"related"`    // streams of related types with this id
	Correlated []string        `json:"correlated"` // streams that what caused the last event went on to

	Pages pager `json:"pages"`
}

// timelineEvent is one event, and what it has changed.
type timelineEvent struct {
	ireneo.StoredEvent
	Retroactive bool     `json:"retroactive"` // true before one that was recorded before it, as far as the page shows them
	Changes     []change `json:"changes"`
	MoreChanges bool     `json:"more_changes,omitempty"`
}

func (a *admin) stream(v *visit) (*page, error) {
	s, err := a.subject(v)
	if err != nil {
		return nil, err
	}
	if s.Head == nil {
		return v.missing(s), nil
	}
	p, err := s.projection(v)
	if err != nil {
		return nil, err
	}
	after, upTo, err := v.span(s.Head.Version)
	if err != nil {
		return nil, err
	}

	shown := &streamPage{subject: s, Pages: v.versionPager(after, upTo, s.Head.Version)}
	if shown.Events, err = a.timeline(v.Context(), s, after, upTo); err != nil {
		return nil, err
	}
	if p != nil && len(shown.Events) > 0 {
		shown.Projection = p.Name()
		fold := func(ctx context.Context) error { return shown.fold(ctx, p, after, upTo) }
		if shown.Unfolded, err = v.fold(p, fold); err != nil {
			return nil, err
		}
	}
	if err := a.surroundings(v.Context(), shown); err != nil {
		return nil, err
	}
	return &page{Title: s.Name, Nav: "/streams", Data: shown, Body: streamBody(v, shown)}, nil
}

// span is which versions the query asks for: those above after and up to upTo.
func (v *visit) span(head int64) (after, upTo int64, err error) {
	if v.URL.Query().Get(afterParam) != "" {
		after, err = v.versionIn(afterParam, 0, 0)
		after = min(after, head)
		return after, min(after+eventsPerStreamPage, head), err
	}
	before, err := v.versionIn(beforeParam, 1, head+1)
	upTo = min(before-1, head)
	return max(upTo-eventsPerStreamPage, 0), upTo, err
}

// versionPager leads from some versions to the others.
func (v *visit) versionPager(after, upTo, head int64) (p pager) {
	to := func(param string, version int64) string {
		return v.with(afterParam, "", beforeParam, "", param, fmt.Sprint(version))
	}
	if upTo < head {
		p.Newest, p.Newer = v.with(afterParam, "", beforeParam, ""), to(afterParam, upTo)
	}
	if after > 0 {
		p.Older, p.Oldest = to(beforeParam, after+1), to(afterParam, 0)
	}
	return p
}

func (p *streamPage) caption() string {
	if p.Projection == "" {
		return "Events, the newest first"
	}
	return "Events, the newest first, and what each has changed in " + p.Projection
}

// timeline is the events of some versions, the newest first.
func (a *admin) timeline(ctx context.Context, s *subject, after, upTo int64) ([]timelineEvent, error) {
	events, err := a.versions(ctx, s, after, upTo)
	if err != nil {
		return nil, err
	}
	all := make([]timelineEvent, len(events))
	var latest time.Time
	for i, e := range slices.Backward(events) {
		all[i] = timelineEvent{StoredEvent: e, Retroactive: e.OccurredAt.Before(latest), Changes: []change{}}
		if e.OccurredAt.After(latest) {
			latest = e.OccurredAt
		}
	}
	return all, nil
}

// fold adds what each event has changed.
func (p *streamPage) fold(ctx context.Context, of ireneo.AnyProjection, after, upTo int64) error {
	for state, err := range p.handle.States(ctx, of, after, upTo) {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		i := slices.IndexFunc(p.Events, func(e timelineEvent) bool { return e.Version == state.Event.Version })
		if i < 0 {
			continue
		}
		changes, more := changesOf(state.Before, state.After)
		p.Events[i].Changes, p.Events[i].MoreChanges = append(p.Events[i].Changes, changes...), more
	}
	return nil
}

// surroundings adds when the stream began, and which others belong to it.
func (a *admin) surroundings(ctx context.Context, p *streamPage) error {
	p.Related, p.Correlated = []namedHead{}, []string{}
	first, err := a.edge(ctx, p.subject, true)
	if err != nil || first == nil {
		return err
	}
	p.First = first.RecordedAt
	for _, typ := range p.info.Related[:min(len(p.info.Related), maxRelated)] {
		head, err := a.head(ctx, typ, p.id)
		if err != nil {
			return err
		}
		if head != nil {
			p.Related = append(p.Related, namedHead{typ + "/" + p.id, *head})
		}
	}
	last, err := a.edge(ctx, p.subject, false)
	if err != nil || last == nil {
		return err
	}
	p.Correlated, err = a.correlated(ctx, last)
	return err
}

// correlated are other streams with events of the same correlation.
func (a *admin) correlated(ctx context.Context, e *ireneo.StoredEvent) ([]string, error) {
	names := []string{}
	id := metaOf(*e, ireneo.CorrelationKey)
	if id == "" {
		return names, nil
	}
	_, err := a.each(ctx, ireneo.Search{Where: metaIs(ireneo.CorrelationKey, id)}, maxCorrelated, func(other ireneo.StoredEvent) bool {
		if other.Stream != e.Stream {
			names = including(names, other.Stream)
		}
		return len(names) < maxRelated
	})
	return names, err
}

// inShort are the first values of an event that are not empty, as far as this program
// knows it.
func inShort(e ireneo.StoredEvent) []modelField {
	if e.Event == nil || e.Problem != "" {
		return nil
	}
	list, _ := fieldsOf(e.Event, fewFacts)
	return slices.DeleteFunc(list, func(f modelField) bool { return f.Value == "" })
}
