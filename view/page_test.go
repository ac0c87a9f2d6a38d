package view_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/a-h/templ"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/form"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/view"
)

type filled struct {
	ireneo.Event `name:"jar.filled"`

	Sweets int        `json:"sweets" validate:"gt=0"`
	Note   *string    `json:"note"`
	On     civil.Date `json:"on"`
	Hidden int        `json:"-"`
}

type closed struct {
	ireneo.Event `name:"jar.closed"`

	On civil.Date `json:"on"`
}

type jar struct {
	Sweets int `label:"Sweets inside" validate:"lte=100"`
	Last   *civil.Date
	Half   int
}

var jars = ireneo.NewProjection("jars",
	ireneo.On(func(j *jar, e *filled, _ time.Time) {
		if e.Sweets == 13 {
			e.Errors().Add("sweets", "are unlucky")
		}
		j.Sweets += e.Sweets
		j.Last = &e.On
	}),
	ireneo.Final(func(j *jar, _ time.Time) { j.Half = j.Sweets / 2 }),
)

var jarStream = &ireneo.Stream{Type: "jar", Purpose: "One jar", ClosedBy: "jar.closed", ActualTime: "on", Consistency: jars}

var jarConfig = ireneo.Config{
	Streams: []*ireneo.Stream{jarStream},
	Events:  []ireneo.EventType{ireneo.TypeOf[filled](), ireneo.TypeOf[closed]()},
}

func on(day int) civil.Date { return civil.Date{Year: 2026, Month: 1, Day: day} }

// fill puts sweets into the jar, on the days given, one version each.
func fill(t *testing.T, log *ireneo.Log, sweets int, days ...int) *ireneo.Handle {
	t.Helper()
	h := jarStream.In(log).For("1")
	for _, day := range days {
		ctx := ireneo.WithMeta(t.Context(), map[string]string{ireneo.ActorKey: "Ana", "place": "kitchen"})
		if err := h.Append(ctx, &filled{Sweets: sweets, On: on(day)}); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func load(t *testing.T, h *ireneo.Handle, query string) *view.Page[jar] {
	t.Helper()
	q, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	page, err := view.Load(t.Context(), h, jars, view.Look{Path: "/jars/1", Query: q})
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestLoad(t *testing.T) {
	ireneotest.Each(t, jarConfig, func(t *testing.T, log *ireneo.Log) {
		h := fill(t, log, 10, 1, 5, 3) // the third is late: it happened between the others
		page := load(t, h, "")
		if page.State.Sweets != 30 || page.State.Half != 15 || page.Shown != 3 || page.Versions != 3 || !page.Newest || page.Older != 0 {
			t.Errorf("got %+v, %+v", page.State, page.Timeline)
		}
		var got []string
		for _, e := range page.Entries {
			got = append(got, fmt.Sprintln(e.Version, e.What, e.Who, e.Late, e.Occurred.Day(), e.Changes, e.Facts, e.Meta))
		}
		want := []string{
			"2 Filled Ana false 5 [{Sweets inside 20 30} {Last 3 Jan 2026 5 Jan 2026} {Half 10 15}] [{Sweets 10} {On 5 Jan 2026}] [{Place kitchen}]\n",
			"3 Filled Ana true 3 [{Sweets inside 10 20} {Last 1 Jan 2026 3 Jan 2026} {Half 5 10}] [{Sweets 10} {On 3 Jan 2026}] [{Place kitchen}]\n",
			"1 Filled Ana false 1 [{Sweets inside  10} {Last  1 Jan 2026} {Half  5}] [{Sweets 10} {On 1 Jan 2026}] [{Place kitchen}]\n",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("entries differ (-want +got):\n%s", diff)
		}

		travelled := load(t, h, "version=3")
		wantChanges := []view.Change{{Label: "Sweets inside", Before: "20", After: "30"}, {Label: "Half", Before: "10", After: "15"}}
		if diff := cmp.Diff(wantChanges, travelled.Changes); diff != "" || travelled.What != "Filled" {
			t.Errorf("%s: what the last one changed (-want +got):\n%s", travelled.What, diff)
		}
		beyond := load(t, h, "version=99")
		if diff := cmp.Diff(wantChanges, beyond.Changes); diff != "" || beyond.What != "Filled" || beyond.Shown != 3 {
			t.Errorf("a version that is not there yet: %+v\n%s", beyond.Timeline, diff)
		}
		first := load(t, h, "version=1")
		if first.State.Sweets != 10 || first.Shown != 1 || first.Versions != 3 || len(first.Entries) != 1 || len(first.Changes) != 3 {
			t.Errorf("got %+v, %+v", first.State, first.Timeline)
		}
		if then := load(t, h, "at=2026-01-03"); then.State.Sweets != 20 || then.Shown != 3 || then.Versions != 3 || then.Changes != nil {
			t.Errorf("got %+v, %+v", then.State, then.Timeline)
		}
	})
}

func TestLoad_Refusals(t *testing.T) {
	log := ireneotest.SQLite(t, jarConfig)
	h := fill(t, log, 1, 2)
	for query, want := range map[string]string{
		"version=x":     "version must be a whole number",
		"older=0":       "older must be a whole number",
		"at=x":          "at must be a date",
		"at=2026-01-01": "jars of jar/1 not found, at 2026-01-01",
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		_, err = view.Load(t.Context(), h, jars, view.Look{Path: "/jars/1", Query: q})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", query, err)
		}
	}
	if _, err := view.Load(t.Context(), jarStream.In(log).For("2"), jars, view.Look{}); !errors.Is(err, ireneo.ErrNotFound) {
		t.Errorf("a stream that is empty: got %v", err)
	}
}

// Paging by ?older= shows every entry once, late ones in their places.
func TestLoad_PagesThroughTheHistory(t *testing.T) {
	ireneotest.Each(t, jarConfig, func(t *testing.T, log *ireneo.Log) {
		var days []int
		for i := range 99 {
			days = append(days, 1+i/4)
		}
		h := fill(t, log, 1, append(days, 10)...)

		seen, query := map[int64]bool{}, ""
		for range 2 {
			page := load(t, h, query)
			if len(page.Entries) != 50 || page.State.Sweets != 100 {
				t.Fatalf("%s: %d entries, %d sweets", query, len(page.Entries), page.State.Sweets)
			}
			for _, e := range page.Entries {
				if seen[e.Version] || e.Late != (e.Version == 100) {
					t.Errorf("%s: entry %d was seen %v, late %v", query, e.Version, seen[e.Version], e.Late)
				}
				seen[e.Version] = true
			}
			if html := show(t, view.History(page.Timeline)); strings.Contains(html, "Newest entries") != (query != "") {
				t.Errorf("%s: the way back to the newest:\n%s", query, html)
			}
			query = fmt.Sprintf("older=%d", page.Older)
		}
		if len(seen) != 100 || query != "older=0" {
			t.Errorf("%d entries seen, the next page is %s", len(seen), query)
		}
	})
}

func show(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestHistory(t *testing.T) {
	moment := time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)
	page := show(t, view.History(view.Timeline{
		Path: "/jars/1", Versions: 9, Older: 4, Moment: view.Moment{Version: 8, At: moment},
		Entries: []view.Entry{{
			Phrase: view.Phrase{What: "<What>", Note: "<note>", Icon: templ.Raw("<svg></svg>")}, Version: 5, Type: "jar.filled",
			ID: "the-id", Who: "<Ana>", Occurred: moment.Truncate(24 * time.Hour), Recorded: moment, Late: true,
			Facts: []view.Fact{{Label: "Sweets", Value: "<10>"}}, Meta: []view.Fact{{Label: "Place", Value: "<here>"}},
			Changes: []view.Change{{Label: "Inside", Before: "<0>", After: "<1>"}, {Label: "Gone", Before: "yes"}},
		}},
	}))
	for _, want := range []string{
		"&lt;What&gt;", "&lt;note&gt;", "<svg>", "&lt;Ana&gt;", "&lt;10&gt;", "&lt;here&gt;", "&lt;0&gt;", "&lt;1&gt;", "recorded late", "the-id",
		`href="/jars/1?version=5"`, `href="/jars/1?at=2026-01-31T14%3A30%3A00Z&amp;older=4&amp;version=8"`, "31 Jan 2026</time>",
		"31 Jan 2026, 14:30 UTC", `href="/jars/1?at=2026-01-31T14%3A30%3A00Z&amp;version=8"`, "nothing",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %s:\n%s", want, page)
		}
	}
}

func TestClashOf(t *testing.T) {
	ireneotest.Each(t, jarConfig, func(t *testing.T, log *ireneo.Log) {
		h := fill(t, log, 40, 1, 2)
		late := func(sweets int) (*view.Clash, *form.Form) {
			ev := &filled{Sweets: sweets, On: on(3)}
			f := form.New(ev)
			f.Name = "fill"
			f.SetVersion(1)
			var conflict *ireneo.ConflictError
			if err := f.Append(t.Context(), h, ev); !errors.As(err, &conflict) {
				t.Fatalf("got %v", err)
			}
			clash, err := view.ClashOf(t.Context(), h, conflict, f, ev, view.Look{})
			if err != nil {
				t.Fatal(err)
			}
			return clash, f
		}

		clash, f := late(20)
		if version, err := f.Version(); err != nil || version < 2 || !clash.Passes() || len(clash.Entries) == 0 || clash.Entries[0].Facts[0].Value != "40" {
			t.Errorf("got %+v, version %d, error %v", clash, version, err)
		}
		page := show(t, view.Late(clash))
		for _, want := range []string{`form="fill"`, "would be accepted now", "Record it after version 2", "Sweets <bdi>40</bdi>", "by <bdi>Ana</bdi>"} {
			if !strings.Contains(page, want) {
				t.Errorf("the page does not have %s:\n%s", want, page)
			}
		}

		clash, f = late(21)
		page = show(t, view.Late(clash))
		if clash.Passes() || !strings.Contains(page, "Sweets inside must be 100 or less") || strings.Contains(page, "<button") || f.Valid() {
			t.Errorf("got %+v\n%s", clash, page)
		}

		clash, f = late(13)
		if diff := cmp.Diff([]string{"Sweets are unlucky"}, clash.Reasons); diff != "" || clash.Passes() || !cmp.Equal(f.Messages("sweets"), clash.Reasons) {
			t.Errorf("reasons differ (-want +got):\n%s\nmessages are %q", diff, f.Messages("sweets"))
		}

		if err := h.Append(t.Context(), &closed{On: on(4)}); err != nil {
			t.Fatal(err)
		}
		clash, _ = late(1)
		if page = show(t, view.Late(clash)); !clash.Closed || clash.Passes() || strings.Contains(page, "<button") || !strings.Contains(page, "closed now") {
			t.Errorf("got %+v\n%s", clash, page)
		}
	})
}
