package admin

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

func (a *admin) logRoutes() []route {
	return []route{
		a.get("/events", a.events),
		a.get("/events/{id}", a.event),
		a.get("/types", a.types),
		a.long("/events.ndjson", a.costly, a.exportNDJSON),
		a.long("/events.csv", a.costly, a.exportCSV),
	}
}

// eventsPage is a page of the log.
type eventsPage struct {
	Query   string               `json:"query"`
	Events  []ireneo.StoredEvent `json:"events"` // newest first
	Newer   string               `json:"newer,omitempty"`
	Older   string               `json:"older,omitempty"`
	Stopped *searchStop          `json:"stopped,omitempty"`

	query query
	form  queryForm
	types []string // that there are, to choose from
	wrong string   // with the query
	pager pager
	now   time.Time
}

// searchStop is where a search gave up.
type searchStop struct {
	ireneo.Point
	RecordedAt time.Time `json:"recorded_at"` // of the event there
	Oldest     bool      `json:"-"`           // it went towards newer events
	goOn       string
}

// jumpParam is a position or a moment to go to in the list.
const jumpParam = "at"

func (a *admin) events(v *visit) (*page, error) {
	values := v.URL.Query()
	if to := a.lead(v); to != "" {
		return v.elsewhere(to), nil
	}
	q, err := queryIn(values)
	if err == nil && values.Get(jumpParam) != "" {
		return a.jump(v, q)
	}
	p := &eventsPage{query: q, form: q.form(), Query: q.String(), now: v.now}
	if err == nil {
		p.types, err = a.log.EventNames(v.Context())
	}
	if err == nil {
		err = a.find(v, p)
	}
	if sentence, typed := mistake(err); typed {
		p.wrong, p.form = sentence, typedForm(values)
		data := problem{Status: http.StatusBadRequest, Title: http.StatusText(http.StatusBadRequest), Detail: sentence}
		return &page{Title: "Events", Nav: "/events", Status: http.StatusBadRequest, Data: data, Body: eventsBody(v, p)}, nil
	} else if err != nil {
		return nil, err
	}
	return &page{Title: "Events", Nav: "/events", Data: p, Body: eventsBody(v, p)}, nil
}

// find fills the page.
func (a *admin) find(v *visit, p *eventsPage) error {
	s, err := p.query.search(v.now)
	if err != nil {
		return err
	}
	l, err := a.list(v, s)
	if err != nil {
		return err
	}
	p.Events, p.pager = l.Events, l.Pager
	p.Newer, p.Older = l.Pager.Newer, l.Pager.Older
	if l.Stopped == nil {
		return nil
	}
	oldest := v.URL.Query().Get(oldestParam) == "1" || v.URL.Query().Get(afterParam) != ""
	p.Stopped = &searchStop{Point: *l.Stopped, Oldest: oldest, goOn: l.Pager.Older}
	if oldest {
		p.Stopped.goOn = l.Pager.Newer
	}
	p.Stopped.RecordedAt, err = a.recordedAt(v, *l.Stopped)
	return err
}

// recordedAt is when the event at a point, or the one before it, was recorded.
func (a *admin) recordedAt(v *visit, at ireneo.Point) (time.Time, error) {
	found, err := a.log.Search(v.Context(), ireneo.Search{Before: past(at.Position), Limit: 1})
	if err != nil || len(found.Events) == 0 {
		return time.Time{}, err
	}
	return found.Events[0].RecordedAt, nil
}

// mistake is what was wrong with a query, if that is what an error is about.
func mistake(err error) (sentence string, ok bool) {
	if wrong, ok := errors.AsType[*queryError](err); ok {
		return wrong.Error(), true
	}
	if refused, ok := errors.AsType[*refusal.Error](err); ok {
		return refused.Detail(), true
	}
	if errors.Is(err, ireneo.ErrInvalidFilter) {
		return "The log cannot be searched for this: " + err.Error(), true
	}
	return "", false
}

// lead is where a search leads that is nothing but the id of an event or a position.
func (a *admin) lead(v *visit) string {
	values := v.URL.Query()
	text := strings.TrimSpace(values.Get("q"))
	for _, other := range slices.Concat(plainWords, metaKeys) {
		if values.Get(other) != "" {
			return ""
		}
	}
	if !leads(text) {
		return ""
	}
	if p, err := ireneo.ParsePoint(text); err == nil {
		return link(v.path("events"), beforeParam, past(p.Position).String())
	}
	return v.path("events", text)
}

// jump leads to the page that begins at a position or a moment.
func (a *admin) jump(v *visit, q query) (*page, error) {
	text := strings.TrimSpace(v.URL.Query().Get(jumpParam))
	if p, err := ireneo.ParsePoint(text); err == nil {
		return v.elsewhere(v.eventsPath(q, "", beforeParam, past(p.Position).String())), nil
	}
	at, err := momentOf(text, v.now, true)
	if err != nil {
		return nil, refusal.BadRequest("%q is no position, and no time either. Write 42, a day (2026-01-31), a moment in UTC (2026-01-31T12:00) or how long ago (-2h).", cutText(text, wordText))
	}
	found, err := a.log.Search(v.Context(), ireneo.Search{To: at, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found.Events) == 0 {
		return v.elsewhere(v.eventsPath(q, "", oldestParam, "1")), nil
	}
	return v.elsewhere(v.eventsPath(q, "", beforeParam, past(found.Events[0].Position).String())), nil
}

// elsewhere leads to another page, or for programs to its twin.
func (v *visit) elsewhere(address string) *page {
	if v.json {
		path, query, _ := strings.Cut(address, "?")
		address = strings.TrimSuffix(path+twin+"?"+query, "?")
	}
	return &page{Location: address}
}

// exportPath is a file of all that a page's search finds, in the order of the page.
func (v *visit) exportPath(p *eventsPage, ending string) string {
	return v.eventsPath(p.query, ending, oldestParam, v.URL.Query().Get(oldestParam))
}

// troubleOf is how an event looks that this program cannot read, empty where it can.
func troubleOf(e ireneo.StoredEvent) (t tone, word string) {
	switch {
	case e.Problem == "":
		return "", ""
	case e.Event != nil:
		return warned, "not registered"
	default:
		return bad, "cannot be read"
	}
}
