package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/coldroom"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/db/migrate"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/list"
)

// coldRoomsCases are events, and the row that each makes of an empty one.
var coldRoomsCases = map[string]struct {
	when ireneo.AnyEvent
	want projections.ColdRoom
}{
	"opened": {
		&coldroom.Opened{},
		projections.ColdRoom{Status: projections.ColdRoomOpened},
	},
}

func TestColdRooms_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range coldRoomsCases {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.ColdRooms, projections.ColdRoom{}).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("row differs (-want +got):\n%s", diff)
			}
		})
	}
}

// appendColdRoom appends an event with what is in its sample.
func appendColdRoom(ctx context.Context, t *testing.T, id, sample string, ev ireneo.AnyEvent) {
	t.Helper()
	data, err := os.ReadFile("../events/coldroom/testdata/" + sample)
	if err := errors.Join(err, json.Unmarshal(data, ev)); err != nil {
		t.Fatal(err)
	}
	if err := streams.ColdRoom.For(id).Append(ctx, ev); err != nil {
		t.Fatalf("append %s: %v", sample, err)
	}
}

// What an append writes is what a replay computes, on both databases.
func TestColdRooms_FindIsReplay(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		appendColdRoom(ctx, t, "1", "opened.v1.json", &coldroom.Opened{})

		got, err := projections.ColdRooms.Find(ctx, "1")
		want, replayErr := projections.ColdRooms.Replay(ctx, streams.ColdRoom.For("1"))
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
func TestColdRoomList_PagesInEveryOrder(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		for _, id := range []string{"a", "b", "c"} {
			appendColdRoom(ctx, t, id, "opened.v1.json", &coldroom.Opened{})
		}
		for key := range projections.ColdRoomList.Sorts {
			for sort, want := range map[string]string{key: "abc", "-" + key: "cba"} {
				asked, got := list.Query{Sort: sort, Limit: 1}, ""
				for more := true; more; more = asked.After != "" {
					found, err := projections.ColdRoomList.Find(ctx, asked)
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
