package events_test

import (
	_ "embed"
	"testing"

	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
)

// noteArchivedV1 is how the log has the event. Once events are stored it never changes.
//
//go:embed note/testdata/archived.v1.json
var noteArchivedV1 string

func noteArchived() *note.Archived {
	return &note.Archived{}
}

func TestNoteArchived_Rules(t *testing.T) {
	checkRules(t, noteArchived, map[string]rule[note.Archived]{})
}

func TestNoteArchived_RoundTrip(t *testing.T) {
	checkRoundTrip(t, noteArchived(), noteArchivedV1)
}
