package events_test

import (
	_ "embed"
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
)

// noteCreatedV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed note/testdata/created.v1.json
var noteCreatedV1 string

func noteCreated() *note.Created {
	return &note.Created{
		Title: "Some words",
		Body:  "Some words",
		DueOn: new(civil.Date{Year: 2026, Month: 1, Day: 31}),
	}
}

func TestNoteCreated_Rules(t *testing.T) {
	checkRules(t, noteCreated, map[string]rule[note.Created]{
		"no title":   {func(e *note.Created) { e.Title = "" }, "Title is required"},
		"long title": {func(e *note.Created) { e.Title = strings.Repeat("a", 201) }, "Title must be a maximum of 200 characters in length"},
		"no body":    {func(e *note.Created) { e.Body = "" }, "Body is required"},
		"long body":  {func(e *note.Created) { e.Body = strings.Repeat("a", 10_001) }, "Body must be a maximum of 10,000 characters in length"},
	})
}

func TestNoteCreated_RoundTrip(t *testing.T) {
	checkRoundTrip(t, noteCreated(), noteCreatedV1)
}
