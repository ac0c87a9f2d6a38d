package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo"
)

func (a *admin) streamRoutes() []route {
	return []route{
		a.get("/streams", a.streams),
		a.get("/streams/{type}", a.streamType),
		a.patient("/streams/{type}/{id}", (*visit).waits, a.stream),
		a.patient("/streams/{type}/{id}/state", (*visit).waits, a.streamState),
		a.patient("/streams/{type}/{id}/diff", (*visit).waits, a.streamDiff),
		a.get("/swimlane", a.swimlane),
	}
}

// How many streams are shown at once.
const (
	streamsPerPage = 50
	searchedTypes  = 20 // in whose streams an id without a type is looked for
	foundPerType   = 5
)

// streamsPage is the catalogue.
type streamsPage struct {
	Query   string              `json:"query,omitempty"`
	Types   []ireneo.StreamInfo `json:"types"`
	Streams []namedHead         `json:"streams"` // found by their ids
}

// namedHead is the end of a stream of any type.
type namedHead struct {
	Stream string `json:"stream"` // type/id
	ireneo.StreamHead
}

func (a *admin) streams(v *visit) (*page, error) {
	query := strings.TrimSpace(v.URL.Query().Get("name"))
	types, err := a.log.StreamTypes(v.Context())
	if err != nil {
		return nil, err
	}
	typ, prefix, named := cutName(query)
	if named && slices.ContainsFunc(types, func(i ireneo.StreamInfo) bool { return i.Type == typ }) {
		return &page{Location: link(v.path("streams", typ), "prefix", prefix)}, nil
	}

	shown := &streamsPage{Query: query, Types: types, Streams: []namedHead{}}
	if query != "" {
		shown.Types = slices.DeleteFunc(slices.Clone(types), func(i ireneo.StreamInfo) bool { return !strings.Contains(i.Type, query) })
		if shown.Streams, err = a.streamsBegin(v.Context(), types, query); err != nil {
			return nil, err
		}
	}
	return &page{Title: "Streams", Nav: "/streams", Data: shown, Body: streamsBody(v, shown)}, nil
}

// cutName takes debt/42 and debt:42 apart.
func cutName(text string) (typ, id string, ok bool) {
	i := strings.IndexAny(text, "/:")
	if i < 0 {
		return "", "", false
	}
	return text[:i], text[i+1:], true
}

// streamsBegin finds streams of any type by the beginning of their ids.
func (a *admin) streamsBegin(ctx context.Context, types []ireneo.StreamInfo, prefix string) ([]namedHead, error) {
	all := []namedHead{}
	for _, info := range types[:min(len(types), searchedTypes)] {
		heads, err := a.log.StreamHeads(ctx, info.Type, ireneo.HeadQuery{Prefix: prefix, Limit: foundPerType})
		if err != nil {
			return nil, err
		}
		for _, h := range heads {
			all = append(all, namedHead{info.Type + "/" + h.ID, h})
		}
	}
	return all, nil
}

// streamTypePage is one type of streams, and a page of them.
type streamTypePage struct {
	ireneo.StreamInfo
	Prefix  string              `json:"prefix,omitempty"`
	Streams []ireneo.StreamHead `json:"streams"`

	Pages keyPager `json:"pages"`
}

func (a *admin) streamType(v *visit) (*page, error) {
	info, err := a.streamInfo(v.Context(), v.segment("type"))
	if err != nil {
		return nil, err
	}
	r, err := v.keyRange()
	if err != nil {
		return nil, err
	}
	q := ireneo.HeadQuery{Prefix: r.prefix, After: r.from, Backwards: r.backwards, Limit: streamsPerPage + 1}
	heads, err := a.log.StreamHeads(v.Context(), info.Type, q)
	if err != nil {
		return nil, err
	}

	shown := &streamTypePage{StreamInfo: info, Prefix: r.prefix}
	shown.fill(v, r, heads)
	return &page{Title: info.Type, Nav: "/streams", Data: shown, Body: streamTypeBody(v, shown)}, nil
}

// fill shows what was found: at most one stream more than fits.
func (p *streamTypePage) fill(v *visit, r keyRange, heads []ireneo.StreamHead) {
	p.Streams = heads[:min(len(heads), streamsPerPage)]
	if r.backwards {
		slices.Reverse(p.Streams)
	}
	ids := []string{}
	for _, h := range p.Streams {
		ids = append(ids, h.ID)
	}
	p.Pages = v.keyPager(r, ids, len(heads) > streamsPerPage)
}

// streamInfo finds a type of streams that is declared, or that the log has all the same.
func (a *admin) streamInfo(ctx context.Context, typ string) (ireneo.StreamInfo, error) {
	types, err := a.log.StreamTypes(ctx)
	if err != nil {
		return ireneo.StreamInfo{}, err
	}
	for _, info := range types {
		if info.Type == typ {
			return info, nil
		}
	}
	return ireneo.StreamInfo{}, ireneo.ErrUnknownStream
}

// pattern is what the names of streams of a type look like.
func pattern(info ireneo.StreamInfo) string {
	if info.Pattern == "" {
		return "any text"
	}
	return info.Type + "/" + info.Pattern
}
