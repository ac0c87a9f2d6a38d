package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// subject is the stream a page is about.
type subject struct {
	Name string             `json:"stream"` // type/id
	Head *ireneo.StreamHead `json:"head"`   // nil: it has no events

	info        ireneo.StreamInfo
	id          string
	handle      *ireneo.Handle // nil: streams of this type are not declared
	projections []ireneo.AnyProjection
}

// subject finds the stream that the path names.
func (a *admin) subject(v *visit) (*subject, error) {
	info, err := a.streamInfo(v.Context(), v.segment("type"))
	if err != nil {
		return nil, err
	}
	s := &subject{Name: info.Type + "/" + v.segment("id"), info: info, id: v.segment("id")}
	if s.Head, err = a.head(v.Context(), info.Type, s.id); err != nil || !info.Declared {
		return s, err
	}
	stream, err := a.log.Stream(info.Type)
	if err != nil {
		return nil, err
	}
	s.handle, s.projections = stream.For(s.id), a.viewpoints(info.Type)
	return s, nil
}

// head is the end of one stream, nil where that has no events.
func (a *admin) head(ctx context.Context, typ, id string) (*ireneo.StreamHead, error) {
	heads, err := a.log.StreamHeads(ctx, typ, ireneo.HeadQuery{Prefix: id, Limit: 1}) // of all ids with this prefix the id itself is the first
	if err != nil || len(heads) == 0 || heads[0].ID != id {
		return nil, err
	}
	return &heads[0], nil
}

// viewpoints are the projections with which streams of a type can be looked at.
func (a *admin) viewpoints(typ string) []ireneo.AnyProjection {
	all := a.log.ProjectionsOf(typ)
	for _, p := range a.config.Projections {
		if !slices.ContainsFunc(all, func(o ireneo.AnyProjection) bool { return o.Name() == p.Name() }) {
			all = append(all, p)
		}
	}
	return all
}

// projection is the one the query asks for, else the first; nil where there is none.
func (s *subject) projection(v *visit) (ireneo.AnyProjection, error) {
	name := v.URL.Query().Get("projection")
	var names []string
	for _, p := range s.projections {
		if p.Name() == name || name == "" {
			return p, nil
		}
		names = append(names, p.Name())
	}
	switch {
	case name == "":
		return nil, nil
	case len(names) == 0:
		return nil, refusal.BadRequest("No projection %q looks at streams of %s; nor does any other.", name, s.info.Type)
	default:
		return nil, refusal.BadRequest("No projection %q looks at streams of %s. Choose one of these: %s.", name, s.info.Type, strings.Join(names, ", "))
	}
}

// alike is how ids begin that may be meant.
func (s *subject) alike() string {
	runes := []rune(s.id)
	return string(runes[:min(len(runes), 3)])
}

// missing is the page of a stream without events.
func (v *visit) missing(s *subject) *page {
	return &page{Title: s.Name, Nav: "/streams", Status: http.StatusNotFound, Data: s, Body: missingBody(v, s)}
}

// unfolded says why there is no state.
type unfolded struct {
	TooLong bool   `json:"too_long,omitempty"` // patience ended
	Error   string `json:"error,omitempty"`    // the projection failed, or an event cannot be read
}

// fold runs one for as long as this page may compute states, and says why there is none. A
// page has more to show than the state: what is about this fold alone is no error of it.
func (v *visit) fold(of ireneo.AnyProjection, do func(ctx context.Context) error) (*unfolded, error) {
	wait, err := v.patience()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(v.Context(), wait)
	defer cancel()
	err = interpreted(of.Name(), func() error { return do(ctx) })
	if panicked, ok := errors.AsType[*panicked](err); ok {
		v.admin.report(v.Context(), "a projection panicked", err, "path", v.URL.Path)
		return &unfolded{Error: panicked.words() + " The log of the process says more."}, nil
	}
	return unfoldedBy(ctx, err)
}

// unfoldedBy is what an error of a fold means.
func unfoldedBy(fold context.Context, err error) (*unfolded, error) {
	switch {
	case err == nil:
		return nil, nil
	case fold.Err() != nil && errors.Is(fold.Err(), context.DeadlineExceeded):
		return &unfolded{TooLong: true}, nil
	case errors.Is(err, context.Canceled), errors.Is(err, ireneo.ErrUnavailable), errors.Is(err, ireneo.ErrBusy), errors.Is(err, ireneo.ErrNotMigrated), errors.Is(err, ireneo.ErrInvalidID):
		return nil, err
	default:
		return &unfolded{Error: err.Error()}, nil
	}
}

// versionIn reads a version of the query that is least or more; an empty one is fallback.
func (v *visit) versionIn(param string, least, fallback int64) (int64, error) {
	text := v.URL.Query().Get(param)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < least {
		return 0, refusal.BadRequest("%s=%s is no version: write a whole number from %d on.", param, text, least)
	}
	return n, nil
}

// edge is the first event of a stream, or the last.
func (a *admin) edge(ctx context.Context, s *subject, first bool) (*ireneo.StoredEvent, error) {
	found, err := a.log.Search(ctx, ireneo.Search{Streams: []string{s.Name}, Oldest: first, Limit: 1})
	if err != nil || len(found.Events) == 0 {
		return nil, err
	}
	return &found.Events[0], nil
}

// versions reads the events of some versions, those above after and up to upTo, the newest
// first.
func (a *admin) versions(ctx context.Context, s *subject, after, upTo int64) (events []ireneo.StoredEvent, err error) {
	if after >= upTo {
		return nil, nil
	}
	search := ireneo.Search{Streams: []string{s.Name}}
	if upTo < s.Head.Version {
		next, err := a.eventAt(ctx, s, upTo+1)
		if err != nil {
			return nil, err
		}
		search.Before = next.Point()
	}
	meanwhile := 20 // appended since the head was read
	_, err = a.each(ctx, search, int(upTo-after)+meanwhile, func(e ireneo.StoredEvent) bool {
		if e.Version <= upTo {
			events = append(events, e)
		}
		return e.Version > after+1
	})
	return events, err
}

// eventAt finds the event of a version by guessing where in the log it is, nearer with
// each look: versions have no gaps, and each look sees some of them.
func (a *admin) eventAt(ctx context.Context, s *subject, version int64) (*ireneo.StoredEvent, error) {
	last, err := a.edge(ctx, s, false)
	if err != nil || last == nil || version > last.Version {
		return nil, errors.Join(err, ireneo.ErrNotFound)
	}
	return seek(version, last, func(after, before ireneo.Point) ([]ireneo.StoredEvent, error) {
		found, err := a.log.Search(ctx, ireneo.Search{Streams: []string{s.Name}, After: after, Before: before, Oldest: true, Limit: 32})
		if err != nil {
			return nil, err
		}
		return found.Events, nil
	})
}

// seek finds a version below the last event with as few looks as it can. A look has the
// first events of the stream between two points.
func seek(version int64, last *ireneo.StoredEvent, look func(after, before ireneo.Point) ([]ireneo.StoredEvent, error)) (*ireneo.StoredEvent, error) {
	below, above := bound{}, bound{last.Version + 1, ireneo.Point{Position: last.Position + 1}}
	for looks := 0; ; looks++ {
		after := guess(below, above, version, looks)
		events, err := look(after, above.at)
		if err != nil {
			return nil, err
		}
		switch n := len(events); {
		case n == 0 && after == below.at:
			return nil, ireneo.ErrNotFound
		case n == 0:
			above.at = after // nothing lies in between
		case version < events[0].Version:
			above = bound{events[0].Version, events[0].Point()}
		case version > events[n-1].Version:
			below = bound{events[n-1].Version, events[n-1].Point()}
		default:
			return &events[version-events[0].Version], nil
		}
	}
}

// bound is a version that is too low or too high, and where it is.
type bound struct {
	version int64
	at      ireneo.Point
}

// guess is a place before a version: in proportion, and every other time in the
// middle, so that it comes to an end. Within one append an event has at least as many
// others before it as there are versions.
func guess(below, above bound, version int64, look int) ireneo.Point {
	width := above.at.Position - below.at.Position
	step := width / 2
	if look%2 == 0 {
		share := float64(version-below.version-8) / float64(above.version-below.version)
		step = int64(share * float64(width))
	}
	if step > 0 {
		return ireneo.Point{Position: below.at.Position + step}
	}
	within := below.at
	within.Ordinal += int(max(version-below.version-8, 0))
	if !before(within, above.at) {
		return below.at
	}
	return within
}

// before reports whether a comes before b in the log.
func before(a, b ireneo.Point) bool {
	return a.Position < b.Position || a.Position == b.Position && a.Ordinal < b.Ordinal
}

// viewPath is another page of a stream, with the projection that one looks with.
func (v *visit) viewPath(s *subject, page, projection string, pairs ...string) string {
	return link(v.path("streams", s.info.Type, s.id, page), append(pairs, "projection", projection)...)
}

// streamCrumbs lead to where a stream belongs.
func (v *visit) streamCrumbs(s *subject) []crumb {
	return []crumb{{"Streams", v.path("streams")}, {s.info.Type, v.path("streams", s.info.Type)}}
}
