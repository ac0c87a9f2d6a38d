package view_test

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/view"
)

func TestValue(t *testing.T) {
	kathmandu := time.FixedZone("", 5*3600+45*60)
	for _, tt := range []struct {
		key   string
		value any
		want  string
	}{
		{"sweets", 7, "7"},
		{"note", "a <b>", "a <b>"},
		{"note", "", ""},
		{"id", "7", ""},
		{"customer_id", "7", ""},
		{"name_key", "ana", ""},
		{"idea", "7", "7"},
		{"valid", true, "Yes"},
		{"keyring", false, "No"},
		{"on", civil.Date{Year: 2026, Month: 3, Day: 1}, "1 Mar 2026"},
		{"on", civil.Date{}, ""},
		{"at", time.Date(2026, 3, 1, 1, 30, 0, 0, kathmandu), "28 Feb 2026, 19:45 UTC"},
		{"at", time.Time{}, ""},
	} {
		if got := view.Value(tt.key, tt.value); got != tt.want {
			t.Errorf("%s %v: got %q, want %q", tt.key, tt.value, got, tt.want)
		}
	}
}

func TestPath(t *testing.T) {
	for id, want := range map[string]string{"7": "/jars/7", "a/b c?": "/jars/a%2Fb%20c%3F", "ä": "/jars/%C3%A4"} {
		if got := view.Path("/jars", id); got != want {
			t.Errorf("%s: got %s, want %s", id, got, want)
		}
	}
}

// Fields of a struct that is not there are nothing.
func TestDiff_Embedded(t *testing.T) {
	type Lid struct{ Color string }
	type pot struct {
		*Lid
		Liters int
	}
	got := view.Diff(&pot{Liters: 1}, &pot{Lid: &Lid{Color: "red"}, Liters: 1}, nil)
	if diff := cmp.Diff([]view.Change{{Label: "Color", After: "red"}}, got); diff != "" {
		t.Errorf("changes differ (-want +got):\n%s", diff)
	}
}

// A time of day is shown where there is one.
func TestHistory_TimeOfDay(t *testing.T) {
	day := time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)
	for words, at := range map[string]time.Time{
		"31 Jan 2026</time>":            day,
		"31 Jan 2026, 14:00 UTC</time>": day.Add(14 * time.Hour),
		"31 Jan 2026, 00:00 UTC</time>": day.Add(time.Second),
	} {
		page := show(t, view.History(view.Timeline{Path: "/jars/1", Entries: []view.Entry{{Version: 1, Occurred: at, Recorded: day}}}))
		if !strings.Contains(page, words) {
			t.Errorf("%s: the page does not have %s:\n%s", at, words, page)
		}
	}
}

// The state is completed for the moment that is looked at, which is now if none is.
func TestLoad_CompletesTheStateForTheMoment(t *testing.T) {
	type aged struct{ Asked time.Time }
	ages := ireneo.NewProjection("ages",
		ireneo.On(func(*aged, *filled, time.Time) {}),
		ireneo.Final(func(a *aged, at time.Time) { a.Asked = at }))
	h := fill(t, ireneotest.SQLite(t, jarConfig), 1, 1)

	before := time.Now()
	page, err := view.Load(t.Context(), h, ages, view.Look{})
	if err != nil || page.State.Asked.Before(before) || page.State.Asked.After(time.Now()) {
		t.Errorf("got %+v, error %v", page, err)
	}
	page, err = view.Load(t.Context(), h, ages, view.Look{Query: map[string][]string{"at": {"2026-01-31T14:30"}}})
	if want := time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC); err != nil || !page.State.Asked.Equal(want) {
		t.Errorf("got %+v, error %v", page, err)
	}
}
