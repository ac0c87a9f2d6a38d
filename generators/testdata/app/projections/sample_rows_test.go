package projections_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/events/sample"
	"github.com/ireneo-dev/ireneo/generators/testdata/app/projections"
	"github.com/ireneo-dev/ireneo/generators/testdata/db/migrate"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// sampleRowsCases are events, and what each makes of the model.
var sampleRowsCases = map[string]struct {
	given projections.SampleRow
	when  ireneo.AnyEvent
	want  projections.SampleRow
}{
	"sample taken": {
		projections.SampleRow{},
		&sample.Taken{
			Title:           "Some words",
			Story:           "Some words",
			Count:           42,
			Agreed:          true,
			On:              civil.Date{Year: 2026, Month: 1, Day: 31},
			At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
			Amount:          100_000,
			Rate:            decimal.RequireFromString("4.25"),
			Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
			Email:           "ana@example.com",
			HomeURL:         "https://example.com/a",
			Extra:           json.RawMessage(`{"a":1}`),
			Status:          "open",
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
			MaybeExtra:      json.RawMessage(`{"a":1}`),
			MaybeStatus:     new("open"),
			MaybeCustomerID: new("customer-1"),
			Order:           42,
			Line1:           "Some words",
		},
		projections.SampleRow{
			Title:           "Some words",
			Story:           "Some words",
			Count:           42,
			Agreed:          true,
			On:              civil.Date{Year: 2026, Month: 1, Day: 31},
			At:              time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC),
			Amount:          100_000,
			Rate:            decimal.RequireFromString("4.25"),
			Key:             uuid.MustParse("0190163d-8694-739b-aea5-966c26f8ad91"),
			Email:           "ana@example.com",
			HomeURL:         "https://example.com/a",
			Extra:           json.RawMessage(`{"a":1}`),
			Status:          "open",
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
			MaybeExtra:      json.RawMessage(`{"a":1}`),
			MaybeStatus:     new("open"),
			MaybeCustomerID: new("customer-1"),
			Order:           42,
			Line1:           "Some words",
		},
	},
	"sample dropped": {
		projections.SampleRow{},
		&sample.Dropped{},
		projections.SampleRow{},
	},
}

func TestSampleRows_Interpretations(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for name, tt := range sampleRowsCases {
		t.Run(name, func(t *testing.T) {
			got := ireneotest.Given(t, projections.SampleRows, tt.given).When(tt.when).At(at)
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("model differs (-want +got):\n%s", diff)
			}
		})
	}
}

// What an append writes is what a replay computes, on both databases.
func TestSampleRows_FindIsReplay(t *testing.T) {
	stream := &ireneo.Stream{
		Type:          "sample",
		Purpose:       "Has a row in sample_rows",
		Transactional: ireneo.Materialize(projections.SampleRows),
	}
	config := ireneo.Config{Streams: []*ireneo.Stream{stream}, Events: events.All, Migrations: migrate.FS}
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		ctx, h := ireneo.WithLog(t.Context(), log), stream.For("1")
		for _, tt := range []struct {
			file string
			ev   ireneo.AnyEvent
		}{
			{"sample/testdata/taken.v1.json", &sample.Taken{}},
			{"sample/testdata/dropped.v1.json", &sample.Dropped{}},
		} {
			data, err := os.ReadFile("../events/" + tt.file)
			if err := errors.Join(err, json.Unmarshal(data, tt.ev), h.Append(ctx, tt.ev)); err != nil {
				t.Fatal(err)
			}
		}

		got, err := projections.SampleRows.Find(ctx, "1")
		want, replayErr := projections.SampleRows.Replay(ctx, h)
		if err := errors.Join(err, replayErr); err != nil {
			t.Fatal(err)
		}
		want.ID = "1" // a replay knows no row
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row and replay differ (-replay +row):\n%s", diff)
		}
	})
}
