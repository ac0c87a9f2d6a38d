package projections_test

import (
	"errors"
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

func TestColdRooms_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		given projections.ColdRoom
		when  ireneo.AnyEvent
		want  projections.ColdRoom
	}{
		"opened": {
			projections.ColdRoom{},
			&coldroom.Opened{},
			projections.ColdRoom{Status: projections.ColdRoomOpened},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.ColdRooms, tt.given).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("row differs (-want +got):\n%s", diff)
			}
		})
	}
}

// What an append writes is what a replay computes, on both databases.
func TestColdRooms_FindIsReplay(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx, h := ireneo.WithLog(t.Context(), log), streams.ColdRoom.For("1")
		for _, ev := range []ireneo.AnyEvent{
			&coldroom.Opened{},
		} {
			if err := h.Append(ctx, ev); err != nil {
				t.Fatal(err)
			}
		}

		got, err := projections.ColdRooms.Find(ctx, "1")
		want, replayErr := projections.ColdRooms.Replay(ctx, h)
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
			if err := streams.ColdRoom.For(id).Append(ctx, &coldroom.Opened{}); err != nil {
				t.Fatal(err)
			}
		}
		for key := range projections.ColdRoomList.Sorts {
			for _, sort := range []string{key, "-" + key} {
				asked, got := list.Query{Sort: sort, Limit: 1}, ""
				for more := true; more; more = asked.After != "" {
					found, err := projections.ColdRoomList.Find(ctx, asked)
					if err != nil {
						t.Fatal(err)
					}
					got, asked.After = got+found.Rows[0].ID, found.Next
				}
				if want := map[bool]string{false: "abc", true: "cba"}[sort != key]; got != want {
					t.Errorf("%s: got %s, want %s", sort, got, want)
				}
			}
		}
	})
}
