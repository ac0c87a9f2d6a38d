package events_test

import (
	_ "embed"
	"strings"
	"testing"

	"cloud.google.com/go/civil"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
)

// noteUpdatedV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed note/testdata/updated.v1.json
var noteUpdatedV1 string

func noteUpdated() *note.Updated {
	return &note.Updated{
		Title: "Some words",
		Body:  "Some words",
		DueOn: new(civil.Date{Year: 2026, Month: 1, Day: 31}),
	}
}

func TestNoteUpdated_Rules(t *testing.T) {
	checkRules(t, noteUpdated, map[string]rule[note.Updated]{
		"no title":   {func(e *note.Updated) { e.Title = "" }, "Title is required"},
		"long title": {func(e *note.Updated) { e.Title = strings.Repeat("a", 201) }, "Title must be a maximum of 200 characters in length"},
		"no body":    {func(e *note.Updated) { e.Body = "" }, "Body is required"},
		"long body":  {func(e *note.Updated) { e.Body = strings.Repeat("a", 10_001) }, "Body must be a maximum of 10,000 characters in length"},
	})
}

func TestNoteUpdated_RoundTrip(t *testing.T) {
	checkRoundTrip(t, noteUpdated(), noteUpdatedV1)
}
