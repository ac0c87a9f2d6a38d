package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
	"github.com/ireneo-dev/ireneo/internal/validation"
)

func (a *admin) whatIfRoutes() []route {
	const path = "/streams/{type}/{id}/what-if"
	return []route{a.get(path, a.whatIf), a.ask(path, a.askWhatIf)}
}

// ask is a form that changes nothing, for whoever may read.
func (a *admin) ask(path string, s screen) route {
	return route{http.MethodPost, path, a.guard(a.serve(a.costly.screen(s, (*visit).waits), greatestPatience+patience), Read), false}
}

// whatIfPage asks what an event would do to a stream, and says it.
type whatIfPage struct {
	*subject
	Types   []string      `json:"types"` // that can be asked for
	Type    string        `json:"type"`
	Data    string        `json:"data"` // JSON, as it was typed
	At      string        `json:"at,omitempty"`
	Wrong   string        `json:"wrong,omitempty"` // with the JSON
	WrongAt string        `json:"wrong_at,omitempty"`
	Verdict *shownVerdict `json:"verdict"` // null: nothing was asked yet
}

// shownVerdict is a verdict as the page shows it, what is sensitive masked.
type shownVerdict struct {
	Accepted bool          `json:"accepted"`
	Reason   string        `json:"reason,omitempty"` // why it is refused
	Messages []message     `json:"messages"`         // about its fields
	States   []whatIfState `json:"states"`
	Unfolded *unfolded     `json:"unfolded,omitempty"`
}

// message is what is wrong with a field.
type message struct {
	Field string `json:"field,omitempty"`
	Text  string `json:"message"`
}

// whatIfState is what would change in a projection.
type whatIfState struct {
	Projection string          `json:"projection"`
	Before     json.RawMessage `json:"before"`
	After      json.RawMessage `json:"after"`
	Changes    []change        `json:"changes"`
	More       bool            `json:"more_changes,omitempty"`
	Problem    string          `json:"problem,omitempty"` // it cannot be folded
}

// whatIf is the page before anything is asked.
func (a *admin) whatIf(v *visit) (*page, error) {
	p, err := a.whatIfOf(v, v.URL.Query().Get("type"))
	if err != nil {
		return nil, err
	}
	return p.page(v), nil
}

func (p *whatIfPage) page(v *visit) *page {
	shown := &page{Title: "What if, in " + p.Name, Nav: "/streams", Data: p, Body: whatIfBody(v, p)}
	if p.Wrong != "" || p.WrongAt != "" {
		shown.Status = http.StatusUnprocessableEntity
	}
	return shown
}

// whatIfOf is the page with the fields of a type, or of the first one.
func (a *admin) whatIfOf(v *visit, typ string) (*whatIfPage, error) {
	s, err := a.subject(v)
	if err != nil {
		return nil, err
	}
	if s.handle == nil {
		return nil, errNoViewpoint(s)
	}
	p := &whatIfPage{subject: s, Type: typ}
	if p.Types, err = a.askable(v.Context(), s.info); err != nil {
		return nil, err
	}
	if p.Type == "" && len(p.Types) > 0 {
		p.Type = p.Types[0]
	}
	if !slices.Contains(p.Types, p.Type) {
		return nil, refusal.BadRequest("No projection of %s interprets events of type %q. Choose one of these: %s.", s.info.Type, p.Type, strings.Join(p.Types, ", "))
	}
	ev, err := a.log.NewEvent(p.Type, []byte("{}"))
	if err == nil {
		p.Data = blank(ev)
	}
	return p, err
}

// askable are the types of events that mean something to streams of a type; all that are
// registered where none does.
func (a *admin) askable(ctx context.Context, info ireneo.StreamInfo) ([]string, error) {
	names, err := a.log.EventNames(ctx)
	if err != nil {
		return nil, err
	}
	watching := a.log.ProjectionsOf(info.Type)
	registered, known := []string{}, []string{}
	for _, name := range names {
		ev, err := a.log.NewEvent(name, []byte("{}"))
		if err != nil || ev.Type() != name { // nobody knows it, or it is an old name
			continue
		}
		registered = append(registered, name)
		interpreters := a.log.Interpreters(info.Type, name)
		means := slices.ContainsFunc(watching, func(p ireneo.AnyProjection) bool { return slices.Contains(interpreters, p.Name()) })
		if means || name == info.CreatedBy || name == info.ClosedBy {
			known = append(known, name)
		}
	}
	if len(known) == 0 {
		return registered, nil
	}
	return known, nil
}

// blank is the JSON of an event's fields before anything is filled in.
func blank(ev ireneo.AnyEvent) string {
	var lines []string
	for _, f := range reflect.VisibleFields(reflect.TypeOf(ev).Elem()) {
		if f.Anonymous || !f.IsExported() || f.Tag.Get("json") == "-" || len(f.Index) > 1 {
			continue
		}
		if zero, err := json.MarshalIndent(reflect.Zero(f.Type).Interface(), "  ", "  "); err == nil {
			key, _ := json.Marshal(validation.Key(f))
			lines = append(lines, "  "+string(key)+": "+string(zero))
		}
	}
	if len(lines) == 0 {
		return "{}"
	}
	return "{\n" + strings.Join(lines, ",\n") + "\n}"
}

// askWhatIf answers what is asked. It writes nothing.
func (a *admin) askWhatIf(v *visit) (*page, error) {
	if err := v.ParseForm(); err != nil {
		return nil, tooLargeOr(err)
	}
	p, err := a.whatIfOf(v, v.PostForm.Get("type"))
	if err != nil {
		return nil, err
	}
	p.Data, p.At = v.PostForm.Get("data"), v.PostForm.Get("at")
	ev, err := a.log.NewEvent(p.Type, []byte(p.Data))
	if err != nil {
		p.Wrong = err.Error()
	}
	var opts []ireneo.AppendOption
	if p.At != "" {
		at, err := momentOf(p.At, v.now, false)
		if err != nil {
			p.WrongAt = err.Error()
		}
		opts = append(opts, ireneo.At(at))
	}
	if p.Wrong != "" || p.WrongAt != "" {
		return p.page(v), nil
	}
	p.Verdict, err = v.judged(p.handle, ev, opts)
	return p.page(v), err
}

// judged is the verdict on an event. What goes wrong in folding it is no error of the page.
func (v *visit) judged(h *ireneo.Handle, ev ireneo.AnyEvent, opts []ireneo.AppendOption) (*shownVerdict, error) {
	wait, err := v.patience()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(v.Context(), wait)
	defer cancel()
	shown := &shownVerdict{Messages: []message{}, States: []whatIfState{}}
	err = recovered(func() error {
		verdict, err := h.WhatIf(ctx, []ireneo.AnyEvent{ev}, opts...)
		if err == nil {
			shown.fill(verdict, ev)
		}
		return err
	})
	if panicked, ok := errors.AsType[*panicked](err); ok {
		v.admin.report(v.Context(), "a projection panicked", err, "path", v.URL.Path)
		shown.Unfolded, err = &unfolded{Error: panicked.words() + " The log of the process says more."}, nil
		return shown, err
	}
	shown.Unfolded, err = unfoldedBy(ctx, err)
	return shown, err
}

func (s *shownVerdict) fill(verdict *ireneo.Verdict, ev ireneo.AnyEvent) {
	s.Accepted = verdict.Err == nil
	for _, e := range ev.Errors().All() {
		s.Messages = append(s.Messages, message{e.Field, e.Message})
	}
	if verdict.Err != nil && len(s.Messages) == 0 {
		s.Reason = verdict.Err.Error()
	}
	for _, state := range verdict.States {
		one := whatIfState{Projection: state.Projection, Changes: []change{}, Before: modelJSON(state.Before), After: modelJSON(state.After)}
		if state.Err != nil {
			one.Problem = state.Err.Error()
		} else {
			changes, more := changesOf(state.Before, state.After)
			one.Changes, one.More = append(one.Changes, changes...), more
		}
		s.States = append(s.States, one)
	}
}

// typedAt is when the event would have occurred, as a field of a form has it.
func (p *whatIfPage) typedAt(now time.Time) string {
	if at, err := momentOf(p.At, now, false); p.At != "" && err == nil {
		return typedTime(&at)
	}
	return ""
}
