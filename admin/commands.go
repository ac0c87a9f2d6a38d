package admin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/refusal"
)

func (a *admin) commandRoutes() []route {
	return []route{a.get("/commands", a.commands), a.get("/commands/{id}", a.execution)}
}

const (
	executionsPerPage = 50
	eventsOfExecution = 50   // that are shown
	countedExecutions = 1000 // at most, on the overview
)

// outcomes are all there are, in the order of their links.
var outcomes = []string{ireneo.Committed, ireneo.Nothing, ireneo.Rejected, ireneo.Conflicted, ireneo.Failed}

// commandsPage is what is on record of commands, the last one begun first.
type commandsPage struct {
	Command    string             `json:"command,omitempty"` // only of this one
	Outcome    string             `json:"outcome,omitempty"`
	Actor      string             `json:"actor,omitempty"`
	Executions []ireneo.Execution `json:"executions"`
	Pager      pager              `json:"pages"`
}

func (a *admin) commands(v *visit) (*page, error) {
	shown, before := &commandsPage{}, ""
	for param, value := range map[string]*string{
		"command": &shown.Command, "outcome": &shown.Outcome, "actor": &shown.Actor, beforeParam: &before,
	} {
		if *value = strings.TrimSpace(v.URL.Query().Get(param)); !storable(*value) {
			return nil, refusal.BadRequest("%s is no text that is ever stored.", param)
		}
	}
	if shown.Outcome != "" && !slices.Contains(outcomes, shown.Outcome) {
		return nil, refusal.BadRequest("No execution comes out as %q. Choose one of these: %s.", shown.Outcome, strings.Join(outcomes, ", "))
	}
	found, err := a.log.Executions(v.Context(), ireneo.ExecutionQuery{
		Command: shown.Command, Outcome: shown.Outcome, Actor: shown.Actor, Before: before, Limit: executionsPerPage + 1,
	})
	if errors.Is(err, ireneo.ErrNotFound) {
		return nil, refusal.BadRequest("The execution that this page began after is not on record any more. Begin with the newest.")
	}
	if err != nil {
		return nil, err
	}
	shown.Executions = found[:min(len(found), executionsPerPage)]
	if before != "" {
		shown.Pager.Newest = v.with(beforeParam, "")
	}
	if len(found) > executionsPerPage {
		shown.Pager.Older = v.with(beforeParam, found[executionsPerPage-1].ID)
	}
	return &page{Title: "Commands", Nav: "/commands", Data: shown, Body: commandsBody(v, shown)}, nil
}

// storable reports whether a text may be in a database at all.
func storable(text string) bool { return utf8.ValidString(text) && !strings.Contains(text, "\x00") }

// narrowed reports whether not all executions are asked for.
func (p *commandsPage) narrowed() bool { return p.Command != "" || p.Outcome != "" || p.Actor != "" }

// executionPage is one execution, and what came of it.
type executionPage struct {
	ireneo.Execution
	Appended []ireneo.StoredEvent `json:"appended"` // in their order, at most eventsOfExecution
	More     bool                 `json:"more_appended,omitempty"`
}

func (a *admin) execution(v *visit) (*page, error) {
	id := v.segment("id")
	found, err := a.executionOf(v.Context(), id)
	if err != nil {
		return nil, err
	}
	if found == nil {
		data := problem{Status: http.StatusNotFound, Title: "No such execution", Detail: "No execution of a command is on record under this id."}
		return &page{Title: data.Title, Nav: "/commands", Status: data.Status, Data: data, Body: noExecutionBody(v, id)}, nil
	}

	p := &executionPage{Execution: *found, Appended: []ireneo.StoredEvent{}}
	if found.Position > 0 {
		events, err := a.appended(v.Context(), found.Position, eventsOfExecution)
		if err != nil {
			return nil, err
		}
		p.Appended, p.More = append(p.Appended, events.Events...), events.More
	}
	return &page{Title: "Execution of " + p.Command, Nav: "/commands", Data: p, Body: executionBody(v, p)}, nil
}

// executionOf finds an execution by what may be its id, and may be anything; nil: there is
// none on record.
func (a *admin) executionOf(ctx context.Context, text string) (*ireneo.Execution, error) {
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return nil, nil
	}
	e, err := a.log.Execution(ctx, text)
	if errors.Is(err, ireneo.ErrNotFound) {
		return nil, nil
	}
	return &e, err
}

// what says in a sentence how it came out.
func (p *executionPage) what() string {
	switch p.Outcome {
	case ireneo.Committed:
		return "What it appended was committed, all of it at once."
	case ireneo.Nothing:
		return "It was decided that there is nothing to append."
	case ireneo.Rejected:
		return "It was refused, by the command itself or by a stream. Nothing was appended."
	case ireneo.Conflicted:
		return "Others were faster each time it was tried. Nothing was appended, and whoever sent it may send it again."
	default:
		return "Something went wrong. Nothing was appended."
	}
}

// executedBy selects the events that an execution has appended.
func executedBy(id string) query {
	return query{where: metaIs(ireneo.ExecutionKey, id)}
}

// executedName is the command that an event was appended by, as far as it says.
func executedName(e ireneo.StoredEvent) string {
	return cmp.Or(metaOf(e, ireneo.CommandKey), "a command")
}

// commandCount is how commands came out lately.
type commandCount struct {
	Outcomes map[string]int `json:"outcomes"` // since an hour ago
	Exact    bool           `json:"exact"`    // else only the last ones were counted
}

// readCommands counts what was begun within the last hour. Where no command is on record
// at all, there is nothing to say.
func (o *overviewPage) readCommands(ctx context.Context, log *ireneo.Log, now time.Time) error {
	found, err := log.Executions(ctx, ireneo.ExecutionQuery{Limit: countedExecutions})
	if err != nil || len(found) == 0 {
		return err
	}
	begin := now.Add(-time.Hour)
	count := &commandCount{Outcomes: map[string]int{}, Exact: len(found) < countedExecutions}
	for _, e := range found {
		if e.StartedAt.Before(begin) {
			count.Exact = true
			break
		}
		count.Outcomes[e.Outcome]++
	}
	o.Commands = count
	return nil
}

// words say it on one line, what is none left out.
func (c *commandCount) words() string {
	var parts []string
	for _, outcome := range outcomes {
		if n := c.Outcomes[outcome]; n > 0 {
			parts = append(parts, grouped(int64(n))+" "+outcome)
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// label says of when it is.
func (c *commandCount) label() string {
	if c.Exact {
		return "Commands in the last hour"
	}
	return "The last " + plural(countedExecutions, "command") + ", all of this hour"
}
