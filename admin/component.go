package admin

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/a-h/templ"

	"github.com/ireneo-dev/ireneo"
)

// tone is the colour of a status, and its icon.
type tone string

// The tones.
const (
	good    tone = "good"    // as it should be
	busy    tone = "busy"    // under way
	warned  tone = "warned"  // somebody should look
	bad     tone = "bad"     // stopped, failed
	neutral tone = "neutral" // neither
)

// tones are those of the states that the log knows.
var tones = map[string]tone{
	"done": good, "pending": warned, "canceled": neutral, "failed": bad,
	ireneo.Committed: good, ireneo.Nothing: neutral, ireneo.Rejected: neutral, ireneo.Conflicted: warned,
}

// toneOf is how a state of the log looks.
func toneOf(state string) tone {
	if t, ok := tones[state]; ok {
		return t
	}
	return neutral
}

// crumb is a page above another one, or without a path only a word.
type crumb struct{ text, path string }

// field is a line of a table of fields: a text, or a component.
type field struct {
	Label string
	Text  string
	Body  templ.Component // instead of Text
}

// pager is where the other pages of a list are; an empty path is no page.
type pager struct {
	Newest string `json:"newest,omitempty"`
	Newer  string `json:"newer,omitempty"`
	Older  string `json:"older,omitempty"`
	Oldest string `json:"oldest,omitempty"`
}

// entry is one of the navigation.
type entry struct{ path, word, icon string }

var entries = []entry{
	{"/", "Overview", "overview"},
	{"/events", "Events", "events"},
	{"/types", "Types", "types"},
	{"/streams", "Streams", "streams"},
	{"/commands", "Commands", "commands"},
	{"/projections", "Projections", "projections"},
	{"/subscriptions", "Subscriptions", "subscriptions"},
	{"/tail", "Tail", "tail"},
	{"/system", "System", "system"},
	{"/audit", "Audit", "audit"},
}

// navigation is the entries whose pages there are.
func (v *visit) navigation() []entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool { return !v.has(e.path) })
}

// has reports whether there is a page at a path.
func (v *visit) has(path string) bool { return v.admin.pages[path] }

// entryPath is the address of an entry of the navigation.
func (v *visit) entryPath(e entry) string {
	if e.path == "/" {
		return v.path()
	}
	return v.path(strings.TrimPrefix(e.path, "/"))
}

// streamPath is the page of a stream named type/id.
func (v *visit) streamPath(name string) string {
	typ, id, _ := strings.Cut(name, "/")
	return v.path("streams", typ, id)
}

// indented is JSON for reading; what is none comes as it is.
func indented(raw []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}
