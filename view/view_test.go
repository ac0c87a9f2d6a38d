package view_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/civil"
	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/view"
)

func TestMomentOf(t *testing.T) {
	endOfJanuary := time.Date(2026, 1, 31, 23, 59, 59, 999999000, time.UTC)
	for query, want := range map[string]struct {
		moment view.Moment
		words  string
		err    string
	}{
		"":                               {},
		"version=3":                      {moment: view.Moment{Version: 3}, words: "at version 3"},
		"at=2026-01-31":                  {moment: view.Moment{At: endOfJanuary}, words: "as it was on 31 Jan 2026"},
		"as_of=2026-01-31T14:30":         {moment: view.Moment{AsOf: time.Date(2026, 1, 31, 14, 30, 0, 0, time.UTC)}, words: "as known on 31 Jan 2026, 14:30:00 UTC"},
		"at=2026-01-31T14:30:05%2B02:00": {moment: view.Moment{At: time.Date(2026, 1, 31, 12, 30, 5, 0, time.UTC)}, words: "as it was on 31 Jan 2026, 12:30:05 UTC"},
		"version=2&at=2026-01-31&as_of=2026-01-31": {
			moment: view.Moment{Version: 2, At: endOfJanuary, AsOf: endOfJanuary},
			words:  "at version 2, as it was on 31 Jan 2026, as known on 31 Jan 2026",
		},
		"version=0":                    {err: "version must be"},
		"version=-1":                   {err: "version must be"},
		"version=1.5":                  {err: "version must be"},
		"version=99999999999999999999": {err: "version must be"},
		"at=yesterday":                 {err: "at must be a date such as at=2026-01-31"},
		"as_of=2026-02-30":             {err: "as_of must be a date"},
	} {
		q, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		got, err := view.MomentOf(q)
		if want.err != "" {
			if err == nil || !strings.Contains(err.Error(), want.err) {
				t.Errorf("%s: got error %v", query, err)
			}
			continue
		}
		if err != nil || !cmp.Equal(got, want.moment) || got.Words() != want.words || got.Past() != (query != "") {
			t.Errorf("%s: got %+v %q, error %v", query, got, got.Words(), err)
		}
		if len(got.Options()) != strings.Count(query, "=") {
			t.Errorf("%s: %d options", query, len(got.Options()))
		}
	}
}

type state struct {
	ID     string
	Amount int64 `label:"Outstanding"`
	PaidOn *civil.Date
	Status string
}

func TestDiff(t *testing.T) {
	day := civil.Date{Year: 2026, Month: 3, Day: 1}
	before, after := &state{ID: "a", Amount: 5, Status: "open"}, &state{ID: "a", Amount: 3, PaidOn: &day}
	got := view.Diff(before, after, nil)
	want := []view.Change{
		{Label: "Outstanding", Before: "5", After: "3"},
		{Label: "Paid on", After: "1 Mar 2026"},
		{Label: "Status", Before: "open"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes differ (-want +got):\n%s", diff)
	}

	got = view.Diff(before, after, func(key string, _ any) string { return key })
	want = []view.Change{{Label: "Paid on", After: "paid_on"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("formatted changes differ (-want +got):\n%s", diff)
	}
}

func render(t *testing.T, timeline view.Timeline) string {
	t.Helper()
	var b strings.Builder
	if err := view.Travel(timeline).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	if err := view.Past(timeline).Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTravel(t *testing.T) {
	page := render(t, view.Timeline{
		Path: "/debts/a", Moment: view.Moment{Version: 2}, Versions: 3, Shown: 2,
		What: "<script>", Changes: []view.Change{{Label: "Outstanding", Before: "`{{5}}`", After: "<b>3</b>"}},
	})
	for _, want := range []string{
		`href="/debts/a?version=1"`, `href="/debts/a"`, `max="3"`, `value="2"`, "2 of 3", "at version 2",
		"&lt;script&gt;", "&lt;b&gt;3&lt;/b&gt;", "`{{5}}`",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not have %s:\n%s", want, page)
		}
	}

	first := render(t, view.Timeline{Path: "/debts/a", Versions: 1, Shown: 1})
	if strings.Contains(first, "?version=") || strings.Count(first, `aria-disabled="true"`) != 2 {
		t.Errorf("the only version has steps:\n%s", first)
	}
}
