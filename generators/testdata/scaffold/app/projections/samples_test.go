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
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	streams "github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/event_streams"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/events/sample"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/scaffold/db/migrate"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/list"
)

// samplesCases are events, and the row that each makes of an empty one.
var samplesCases = map[string]struct {
	when ireneo.AnyEvent
	want projections.Sample
}{
	"taken": {
		&sample.Taken{
			Title:           "Some words",
			Story:           "Some words",
			Count:           42,
			Agreed:          true,
			TakenOn:         civil.Date{Year: 2026, Month: 1, Day: 31},
			At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
			Amount:          100_000,
			Rate:            decimal.RequireFromString("4.25"),
			Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
			Email:           "ana@example.com",
			HomeURL:         "https://example.com/a",
			Extra:           json.RawMessage(`{"a":1}`),
			Mood:            "good",
			CustomerID:      "customer-1",
			MaybeTitle:      new("Some words"),
			MaybeStory:      new("Some words"),
			MaybeCount:      new(int64(42)),
			MaybeAgreed:     new(true),
			MaybeOn:         new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			MaybeAt:         new(time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)),
			MaybeAmount:     new(int64(100_000)),
			MaybeRate:       new(decimal.RequireFromString("4.25")),
			MaybeKey:        new(uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")),
			MaybeEmail:      new("ana@example.com"),
			MaybeURL:        new("https://example.com/a"),
			MaybeMood:       new("good"),
			MaybeCustomerID: new("customer-1"),
			Order:           42,
			Line1:           "Some words",
		},
		projections.Sample{
			Title:           "Some words",
			Story:           "Some words",
			Count:           42,
			Agreed:          true,
			TakenOn:         civil.Date{Year: 2026, Month: 1, Day: 31},
			At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
			Amount:          100_000,
			Rate:            decimal.RequireFromString("4.25"),
			Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
			Email:           "ana@example.com",
			HomeURL:         "https://example.com/a",
			Extra:           json.RawMessage(`{"a":1}`),
			Mood:            "good",
			CustomerID:      "customer-1",
			MaybeTitle:      new("Some words"),
			MaybeStory:      new("Some words"),
			MaybeCount:      new(int64(42)),
			MaybeAgreed:     new(true),
			MaybeOn:         new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			MaybeAt:         new(time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)),
			MaybeAmount:     new(int64(100_000)),
			MaybeRate:       new(decimal.RequireFromString("4.25")),
			MaybeKey:        new(uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")),
			MaybeEmail:      new("ana@example.com"),
			MaybeURL:        new("https://example.com/a"),
			MaybeMood:       new("good"),
			MaybeCustomerID: new("customer-1"),
			Order:           42,
			Line1:           "Some words",
			TitleKey:        strings.ToLower("Some words"),
			Status:          projections.SampleTaken,
		},
	},
	"weighed": {
		&sample.Weighed{
			Title:           "Some words",
			Story:           "Some words",
			Count:           42,
			Agreed:          true,
			TakenOn:         civil.Date{Year: 2026, Month: 1, Day: 31},
			At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
			Amount:          100_000,
			Rate:            decimal.RequireFromString("4.25"),
			Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
			Email:           "ana@example.com",
			HomeURL:         "https://example.com/a",
			Extra:           json.RawMessage(`{"a":1}`),
			Mood:            "good",
			CustomerID:      "customer-1",
			MaybeTitle:      new("Some words"),
			MaybeStory:      new("Some words"),
			MaybeCount:      new(int64(42)),
			MaybeAgreed:     new(true),
			MaybeOn:         new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			MaybeAt:         new(time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)),
			MaybeAmount:     new(int64(100_000)),
			MaybeRate:       new(decimal.RequireFromString("4.25")),
			MaybeKey:        new(uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")),
			MaybeEmail:      new("ana@example.com"),
			MaybeURL:        new("https://example.com/a"),
			MaybeMood:       new("good"),
			MaybeCustomerID: new("customer-1"),
			Order:           42,
			Line1:           "Some words",
			Grams:           42,
		},
		projections.Sample{
			WeighedTitle:           new("Some words"),
			WeighedStory:           new("Some words"),
			WeighedCount:           new(int64(42)),
			WeighedAgreed:          new(true),
			WeighedTakenOn:         new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			WeighedAt:              new(time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)),
			WeighedAmount:          new(int64(100_000)),
			WeighedRate:            new(decimal.RequireFromString("4.25")),
			WeighedKey:             new(uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")),
			WeighedEmail:           new("ana@example.com"),
			WeighedHomeURL:         new("https://example.com/a"),
			WeighedExtra:           json.RawMessage(`{"a":1}`),
			WeighedMood:            new("good"),
			WeighedCustomerID:      new("customer-1"),
			WeighedMaybeTitle:      new("Some words"),
			WeighedMaybeStory:      new("Some words"),
			WeighedMaybeCount:      new(int64(42)),
			WeighedMaybeAgreed:     new(true),
			WeighedMaybeOn:         new(civil.Date{Year: 2026, Month: 1, Day: 31}),
			WeighedMaybeAt:         new(time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)),
			WeighedMaybeAmount:     new(int64(100_000)),
			WeighedMaybeRate:       new(decimal.RequireFromString("4.25")),
			WeighedMaybeKey:        new(uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91")),
			WeighedMaybeEmail:      new("ana@example.com"),
			WeighedMaybeURL:        new("https://example.com/a"),
			WeighedMaybeMood:       new("good"),
			WeighedMaybeCustomerID: new("customer-1"),
			WeighedOrder:           new(int64(42)),
			WeighedLine1:           new("Some words"),
			Grams:                  new(int64(42)),
			Status:                 projections.SampleWeighed,
		},
	},
}

func TestSamples_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range samplesCases {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.Samples, projections.Sample{}).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("row differs (-want +got):\n%s", diff)
			}
		})
	}
}

// appendSample appends an event with what is in its sample.
func appendSample(ctx context.Context, t *testing.T, id, sample string, ev ireneo.AnyEvent) {
	t.Helper()
	data, err := os.ReadFile("../events/sample/testdata/" + sample)
	if err := errors.Join(err, json.Unmarshal(data, ev)); err != nil {
		t.Fatal(err)
	}
	if err := streams.Sample.For(id).Append(ctx, ev); err != nil {
		t.Fatalf("append %s: %v", sample, err)
	}
}

// What an append writes is what a replay computes, on both databases.
func TestSamples_FindIsReplay(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		appendSample(ctx, t, "1", "taken.v1.json", &sample.Taken{})
		appendSample(ctx, t, "1", "weighed.v1.json", &sample.Weighed{})

		got, err := projections.Samples.Find(ctx, "1")
		want, replayErr := projections.Samples.Replay(ctx, streams.Sample.For("1"))
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
func TestSampleList_PagesInEveryOrder(t *testing.T) {
	config := ireneo.Config{Streams: streams.All, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx := ireneo.WithLog(t.Context(), log)
		for _, id := range []string{"a", "b", "c"} {
			appendSample(ctx, t, id, "taken.v1.json", &sample.Taken{})
		}
		for key := range projections.SampleList.Sorts {
			for sort, want := range map[string]string{key: "abc", "-" + key: "cba"} {
				asked, got := list.Query{Sort: sort, Limit: 1}, ""
				for more := true; more; more = asked.After != "" {
					found, err := projections.SampleList.Find(ctx, asked)
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
