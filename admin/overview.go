package admin

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/ireneo-dev/ireneo"
)

func (a *admin) overviewRoutes() []route {
	return []route{
		a.get("/", a.overview),
		a.get("/tail", a.tail), a.long("/tail/stream", a.streaming, a.tailStream),
		a.get("/graph", a.findGraph), a.get("/graph/{correlation}", a.graph),
	}
}

const (
	partPatience = 3 * time.Second // for one part of the overview
	newestEvents = 10              // on the overview
)

// overviewPage is what an operator needs first.
type overviewPage struct {
	Status   string     `json:"status"`   // ok, warned or bad
	Troubles []trouble  `json:"troubles"` // the worst first, then the oldest
	Hidden   int        `json:"hidden"`   // troubles that are too many to be listed
	Unread   []unread   `json:"unread"`   // what could not be looked at
	Position *int64     `json:"position"` // how far the log has settled; null, like all below: it could not be read
	Types    *typeCount `json:"types"`
	Activity *activity  `json:"activity"`

	Commands *commandCount `json:"commands"` // null also where none was ever executed

	Latest []ireneo.StoredEvent `json:"latest"`
}

// typeCount is how many types there are.
type typeCount struct {
	Streams int `json:"streams"`
	Events  int `json:"events"`
}

// unread is a part of the overview that could not be read.
type unread struct {
	Part   string `json:"part"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"` // a command that helps
	ID     string `json:"id,omitempty"`   // in the log of the process, with the error
}

// part is what is read for the overview by itself, so that it can fail by itself.
type part struct {
	name string
	read func(ctx context.Context) ([]trouble, error)
}

func (a *admin) overview(v *visit) (*page, error) {
	o := &overviewPage{Unread: []unread{}, Troubles: []trouble{}}
	parts := append(watch{v}.parts(), o.parts(a.log, v.now)...)
	for i, r := range readAll(v.Context(), parts) {
		if r.err != nil {
			o.Unread = append(o.Unread, v.unread(parts[i].name, r.err))
		}
		o.Troubles = append(o.Troubles, r.troubles...)
	}
	if err := v.Context().Err(); err != nil {
		return nil, err
	}
	o.judge()
	return &page{Title: "Overview", Nav: "/", Data: o, Body: overviewBody(v, o), Refresh: 30}, nil
}

// parts are the figures.
func (o *overviewPage) parts(log *ireneo.Log, now time.Time) []part {
	return []part{
		{"the end of the log", func(ctx context.Context) ([]trouble, error) { return nil, o.readEnd(ctx, log) }},
		{"the activity", func(ctx context.Context) ([]trouble, error) { return nil, o.readActivity(ctx, log) }},
		{"the types", func(ctx context.Context) ([]trouble, error) { return nil, o.readTypes(ctx, log) }},
		{"the commands", func(ctx context.Context) ([]trouble, error) { return nil, o.readCommands(ctx, log, now) }},
	}
}

func (o *overviewPage) readEnd(ctx context.Context, log *ireneo.Log) error {
	position, err := log.Position(ctx)
	if err != nil {
		return err
	}
	found, err := log.Search(ctx, ireneo.Search{Limit: newestEvents})
	if err == nil {
		o.Position, o.Latest = &position, found.Events
	}
	return err
}

func (o *overviewPage) readActivity(ctx context.Context, log *ireneo.Log) error {
	counts, err := log.Activity(ctx, time.Hour, sparkParts)
	if err == nil {
		o.Activity = newActivity(counts)
	}
	return err
}

func (o *overviewPage) readTypes(ctx context.Context, log *ireneo.Log) error {
	streams, err := log.StreamTypes(ctx)
	if err != nil {
		return err
	}
	events, err := log.EventNames(ctx)
	if err == nil {
		o.Types = &typeCount{len(streams), len(events)}
	}
	return err
}

// reading is what came of a part.
type reading struct {
	troubles []trouble
	err      error
}

// readAll reads all parts at once, so that the page is as slow as the slowest of them.
func readAll(ctx context.Context, parts []part) []reading {
	ctx, cancel := context.WithTimeout(ctx, partPatience)
	defer cancel()
	readings := make([]reading, len(parts))
	var all sync.WaitGroup
	for i, p := range parts {
		all.Go(func() {
			readings[i].err = recovered(func() (err error) { // nobody else would, here
				readings[i].troubles, err = p.read(ctx)
				return err
			})
		})
	}
	all.Wait()
	return readings
}

// unread says why a part is missing.
func (v *visit) unread(name string, err error) unread {
	if errors.Is(err, context.DeadlineExceeded) {
		return unread{Part: name, Detail: "The database did not answer within " + lasting(partPatience) + "."}
	}
	p := judge(err)
	if p.ID != "" {
		v.admin.report(v.Context(), "a part of the overview failed", err, "id", p.ID, "part", name)
	}
	return unread{Part: name, Detail: p.Detail, Hint: p.Hint, ID: p.ID}
}

// judge sorts the troubles and says how it is on the whole. What is under way is no reason
// to look; what could not be read may hide one, and where that is the log itself nothing
// goes on.
func (o *overviewPage) judge() {
	slices.SortStableFunc(o.Troubles, func(a, b trouble) int {
		return cmp.Or(cmp.Compare(slices.Index(worstFirst, a.Tone), slices.Index(worstFirst, b.Tone)), a.Since.Compare(b.Since))
	})
	o.Status = "ok"
	switch {
	case o.Position == nil || o.has(bad):
		o.Status = string(bad)
	case len(o.Unread) > 0 || o.has(warned):
		o.Status = string(warned)
	}
	if o.Hidden = max(len(o.Troubles)-maxTroubles, 0); o.Hidden > 0 {
		o.Troubles = o.Troubles[:maxTroubles]
	}
}

func (o *overviewPage) has(t tone) bool {
	return slices.ContainsFunc(o.Troubles, func(x trouble) bool { return x.Tone == t })
}

// empty reports whether nothing was ever recorded.
func (o *overviewPage) empty() bool {
	return o.Position != nil && *o.Position == 0 && len(o.Latest) == 0
}

// well reports whether there is nothing to say.
func (o *overviewPage) well() bool { return o.Status == "ok" && len(o.Troubles) == 0 }
