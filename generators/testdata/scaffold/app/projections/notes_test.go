package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/note"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/db/migrate"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/list"
)

// notesCases are events, and the row that each makes of an empty one.
var notesCases = map[string]struct {
	when ireneo.AnyEvent
	want projections.Note
}{
	"created": {
		&note.Created{
			Title: "Some words",
			Body:  "Some words",
			DueOn: new(civil.Date{Year: 2026, Month: 1, Day: 31}),
		},
		projections.Note{
			Title:    "Some words",
			Body:     "Some words",
			DueOn:    new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			TitleKey: strings.ToLower("Some words"),
			Status:   projections.NoteCreated,
		},
	},
	"updated": {
		&note.Updated{
			Title: "Some words",
			Body:  "Some words",
			DueOn: new(civil.Date{Year: 2026, Month: 1, Day: 31}),
		},
		projections.Note{
			Title:    "Some words",
			Body:     "Some words",
			DueOn:    new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			TitleKey: strings.ToLower("Some words"),
			Status:   projections.NoteUpdated,
		},
	},
	"archived": {
		&note.Archived{},
		projections.Note{Status: projections.NoteArchived},
	},
}

func TestNotes_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range notesCases {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.Notes, projections.Note{}).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("row differs (-want +got):\n%s", diff)
			}
		})
	}
}

// appendNote appends an event with what is in its sample.
func appendNote(ctx context.Context, t *testing.T, id, sample string, ev ireneo.AnyEvent) {
	t.Helper()
	data, err := os.ReadFile("../events/note/testdata/" + sample)
	if err := errors.Join(err, json.Unmarshal(data, ev)); err != nil {
		t.Fatal(err)
	}
	if err := streams.Note.For(id).Append(ctx, ev); err != nil {
		t.Fatalf("append %s: %v", sample, err)
	}
}

// What an append writes is what a replay computes, on both databases.
func TestNotes_FindIsReplay(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		appendNote(ctx, t, "1", "created.v1.json", &note.Created{})
		appendNote(ctx, t, "1", "updated.v1.json", &note.Updated{})
		appendNote(ctx, t, "1", "archived.v1.json", &note.Archived{})

		got, err := projections.Notes.Find(ctx, "1")
		want, replayErr := projections.Notes.Replay(ctx, streams.Note.For("1"))
		if err := errors.Join(err, replayErr); err != nil {
			t.Fatal(err)
		}
		want.ID = "1" // a replay knows no row
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row and replay differ (-replay +row):\n%s", diff)
		}
	})
}

// Every order of the list comes to every row once, a page at a time.
func TestNoteList_PagesInEveryOrder(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		for _, id := range []string{"a", "b", "c"} {
			appendNote(ctx, t, id, "created.v1.json", &note.Created{})
		}
		for key := range projections.NoteList.Sorts {
			for sort, want := range map[string]string{key: "abc", "-" + key: "cba"} {
				asked, got := list.Query{Sort: sort, Limit: 1}, ""
				for more := true; more; more = asked.After != "" {
					found, err := projections.NoteList.Find(ctx, asked)
					if err != nil {
						t.Fatal(err)
					}
					got, asked.After = got+found.Rows[0].ID, found.Next
				}
				if got != want {
					t.Errorf("%s: got %s, want %s", sort, got, want)
				}
			}
		}
	})
}
