package admin

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/validation"
)

// maxExplained is how many events of a row are shown.
const maxExplained = 200

// rowPage is a row, and which events have made it what it is.
type rowPage struct {
	Projection string           `json:"projection"`
	Key        string           `json:"key"`
	Stored     bool             `json:"stored"` // else the table has no such row, but the log asks for it
	Fields     []explainedField `json:"fields"`
	MoreFields bool             `json:"more_fields,omitempty"`

	Count    int64       `json:"count"`             // events that changed it, as far as was looked
	Events   []rowEvent  `json:"events"`            // the last of them, the newest first
	Position int64       `json:"position"`          // of the last of them
	Stopped  bool        `json:"stopped,omitempty"` // time ran out
	Problem  string      `json:"problem,omitempty"` // why the log cannot be followed further
	Verdict  *rowVerdict `json:"verdict"`           // null: it cannot be told

	model   any               // what the log says; nil: nothing
	lastSet map[string]*setBy // by the paths of fields
	without map[string]bool   // fields that are not stored; nil: not known yet
}

// explainedField is a field of a row, and the event that set it last.
type explainedField struct {
	modelField
	Set *setBy `json:"set"` // null: no event did, as far as was looked
}

// setBy is an event that set a field.
type setBy struct {
	rowCause
	Before string `json:"before"`
	After  string `json:"after"`

	event ireneo.StoredEvent // what rowCause is made of, if it is the last one
}

// rowCause is an event that changed a row.
type rowCause struct {
	ID         string    `json:"id"`
	Type       string    `json:"type"`
	Stream     string    `json:"stream"`
	Version    int64     `json:"version"`
	Position   int64     `json:"position"`
	RecordedAt time.Time `json:"recorded_at"`
	Actor      string    `json:"actor,omitempty"`
}

// rowEvent is what an event changed in a row, in short.
type rowEvent struct {
	rowCause
	Changes []change `json:"changes"`
	More    bool     `json:"more,omitempty"` // it changed more than is listed

	event ireneo.StoredEvent // likewise
}

// rowVerdict is whether the stored row is what the log says.
type rowVerdict struct {
	Same        bool     `json:"same"`
	Missing     bool     `json:"missing,omitempty"` // the table has no such row
	Extra       bool     `json:"extra,omitempty"`   // the log asks for no such row
	Differences []change `json:"differences"`       // before is what is stored, after what the log says
}

func (a *admin) row(v *visit) (*page, error) {
	k, err := a.keptRowsOf(v)
	if err != nil {
		return nil, err
	}
	wait, err := v.patience()
	if err != nil {
		return nil, err
	}
	shown := &rowPage{Projection: k.Name, Key: v.segment("key"), Events: []rowEvent{}, lastSet: map[string]*setBy{}}
	row, err := a.log.Row(v.Context(), k.Name, shown.Key)
	if err != nil && !errors.Is(err, ireneo.ErrNotFound) {
		return nil, err
	}
	missing := err
	err = interpreted(k.Name, func() error { return shown.explain(v.Context(), a.log, wait) })
	if panicked, ok := errors.AsType[*panicked](err); ok {
		a.report(v.Context(), "a projection panicked", err, "path", v.URL.Path)
		shown.Problem = panicked.words() + " The log of the process says more."
	} else if err != nil {
		return nil, err
	}
	if missing != nil && shown.model == nil && !shown.Stopped && shown.Problem == "" {
		return nil, missing
	}
	shown.conclude(row)
	return &page{Title: shown.Key + " in " + k.Name, Nav: "/projections", Data: shown, Body: rowBody(v, k, shown)}, nil
}

// explain follows the log for some time.
func (p *rowPage) explain(ctx context.Context, log *ireneo.Log, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for state, err := range log.Explain(ctx, p.Projection, p.Key) {
		switch {
		case ctx.Err() != nil:
			p.Stopped = true
			return nil
		case errors.Is(err, ireneo.ErrNotFound):
			return nil
		case err != nil && judge(err).Status != http.StatusInternalServerError:
			return err
		case err != nil:
			p.Problem = err.Error()
			return nil
		}
		p.add(state)
	}
	return nil
}

// add takes note of what an event has changed.
func (p *rowPage) add(s ireneo.State) {
	changes, more := changesOf(s.Before, s.After)
	if p.without == nil {
		p.without = withoutColumn(s.After)
	}
	changes = slices.DeleteFunc(changes, func(c change) bool { return p.without[c.Path] })
	for _, c := range changes {
		if c.Kind == "removed" {
			delete(p.lastSet, c.Path)
		} else {
			p.lastSet[c.Path] = &setBy{Before: cutText(c.Before, shortText), After: cutText(c.After, shortText), event: s.Event}
		}
	}
	p.model, p.Position = s.After, s.Event.Position
	p.Count++

	e := rowEvent{Changes: []change{}, More: more || len(changes) > fewChanges, event: s.Event}
	for _, c := range changes[:min(len(changes), fewChanges)] {
		c.Before, c.After = cutText(c.Before, shortText), cutText(c.After, shortText)
		e.Changes = append(e.Changes, c)
	}
	if p.Events = append(p.Events, e); len(p.Events) == 2*maxExplained {
		p.Events = append([]rowEvent{}, p.Events[maxExplained:]...)
	}
}

func causeOf(e ireneo.StoredEvent) rowCause {
	return rowCause{
		ID: e.ID.String(), Type: e.Type, Stream: e.Stream, Version: e.Version, Position: e.Position, RecordedAt: e.RecordedAt.UTC(),
		Actor: actorOf(e),
	}
}

// conclude shows the row as it is stored, nil being not at all, and compares.
func (p *rowPage) conclude(row *ireneo.Row) {
	model := p.model
	if row != nil {
		p.Stored, model = true, row.Model
	}
	list, more := fieldsOf(model, shownFields)
	p.Fields, p.MoreFields = []explainedField{}, more
	without := withoutColumn(model)
	for _, set := range p.lastSet {
		set.rowCause = causeOf(set.event)
	}
	for _, f := range list {
		if !without[f.Path] {
			p.Fields = append(p.Fields, explainedField{f, p.lastSet[f.Path]})
		}
	}
	if last := len(p.Events) - maxExplained; last > 0 {
		p.Events = p.Events[last:]
	}
	for i := range p.Events {
		p.Events[i].rowCause = causeOf(p.Events[i].event)
	}
	slices.Reverse(p.Events)

	if p.Stopped || p.Problem != "" {
		return
	}
	p.Verdict = &rowVerdict{Missing: row == nil, Extra: p.model == nil, Differences: []change{}}
	if row != nil && p.model != nil {
		all, _ := changesOf(row.Model, p.model)
		for _, c := range all {
			if !without[c.Path] {
				p.Verdict.Differences = append(p.Verdict.Differences, c)
			}
		}
	}
	p.Verdict.Same = !p.Verdict.Missing && !p.Verdict.Extra && len(p.Verdict.Differences) == 0
}

// withoutColumn are the fields of a model that its table has no column for.
func withoutColumn(model any) map[string]bool {
	without := map[string]bool{}
	if v := reflect.Indirect(reflect.ValueOf(model)); v.IsValid() {
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Tag.Get("gorm") == "-" {
				without[validation.Key(f)] = true
			}
		}
	}
	return without
}
