package admin

import (
	"slices"
	"strings"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// maxLanes is how many streams are shown side by side.
const maxLanes = 8

// swimlanePage is several streams side by side.
type swimlanePage struct {
	Streams []string             `json:"streams"`
	Events  []ireneo.StoredEvent `json:"events"` // in the order of the log, the oldest first

	Pages pager `json:"pages"`
}

func (a *admin) swimlane(v *visit) (*page, error) {
	shown := &swimlanePage{Streams: []string{}, Events: []ireneo.StoredEvent{}}
	for _, name := range v.URL.Query()["stream"] {
		name = strings.TrimSpace(name)
		if name == "" || slices.Contains(shown.Streams, name) {
			continue
		}
		if typ, id, _ := strings.Cut(name, "/"); typ == "" || id == "" || strings.ContainsAny(name, "*?[]") {
			return nil, refusal.BadRequest("%q is no stream: write its type and its id, such as debt/42.", cutText(name, wordText))
		}
		if shown.Streams = append(shown.Streams, name); len(shown.Streams) > maxLanes {
			return nil, refusal.BadRequest("These are more than %d streams: at most %d fit side by side. Take some away.", maxLanes, maxLanes)
		}
	}
	if len(shown.Streams) > 0 {
		l, err := a.list(v, ireneo.Search{Streams: shown.Streams})
		if err != nil {
			return nil, err
		}
		shown.Events, shown.Pages = append(shown.Events, l.Events...), l.Pager
		slices.Reverse(shown.Events)
	}
	return &page{Title: "Streams side by side", Nav: "/streams", Data: shown, Body: swimlaneBody(v, shown)}, nil
}

// without is the page without one of the streams.
func (p *swimlanePage) without(v *visit, name string) string {
	var pairs []string
	for _, other := range p.Streams {
		if other != name {
			pairs = append(pairs, "stream", other)
		}
	}
	return link(v.path("swimlane"), pairs...)
}
