package list_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/list"
)

func TestRows_Read(t *testing.T) {
	type filters = map[string]string
	long := strings.Repeat("a", 254)
	for query, want := range map[string]list.Query{
		"":                              {},
		"q=+Ana+":                       {Text: "Ana"},
		"q=a%00%1b%7fb%C2%85%0A":        {Text: "ab"},
		"q=%00+a+%00":                   {Text: "a"},
		"q=%00":                         {},
		"q=%ff":                         {Text: "\uFFFD"},
		"q=" + long + "%C3%A9":          {Text: long},
		"q=" + long + "bc":              {Text: long + "b"},
		"q=" + long + "+c":              {Text: long},
		"q=a&q=b":                       {Text: "a"},
		"sort=-lent&after=x":            {Sort: "-lent", After: "x"},
		"shelf=left&author=":            {Filters: filters{"shelf": "left"}},
		"shelf=+left%00":                {Filters: filters{"shelf": "left"}},
		"shelf=left&shelf=elsewhere":    {Filters: filters{"shelf": "left"}},
		"shelf=":                        {},
		"shelf=%0A":                     {},
		"author=%00anybody":             {Filters: filters{"author": "anybody"}},
		"author=" + long + "%E2%82%AC":  {Filters: filters{"author": long}},
		"q=%25&author=bo&shelf=right":   {Text: "%", Filters: filters{"author": "bo", "shelf": "right"}},
		"sort=&after=&q=&author=&shelf": {},
	} {
		if want.Filters == nil {
			want.Filters = filters{}
		}
		got, err := catalog.Read(parse(t, query))
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%.40q: error %v, query differs (-want +got):\n%s", query, err, diff)
		}
	}
}

func parse(t *testing.T, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func TestRows_ReadRefuses(t *testing.T) {
	for query, sentence := range map[string]string{
		"shelf=middle":       "There is no such shelf. Use one of: left, right.",
		"shelf=LEFT":         "There is no such shelf. Use one of: left, right.",
		"colour=red":         "The list has no filter colour.",
		"colour=":            "The list has no filter colour.",
		"limit=1":            "The list has no filter limit.",
		"co%00lour=red":      "The list has no filter colour.",
		"=red":               "The list has no filter .",
		"sort=id":            "The list cannot be sorted by that. Use one of: lent, pages, printed, title.",
		"sort=--lent":        "The list cannot be sorted by that. Use one of: lent, pages, printed, title.",
		"sort=+lent":         "The list cannot be sorted by that. Use one of: lent, pages, printed, title.",
		"shelf=middle&x=y&a": "The list has no filter a.", // the first by name, always
	} {
		_, err := catalog.Read(parse(t, query))
		wantRefusal(t, err, sentence, query)
	}
}

// What is read can be asked for again, from the first page.
func TestQuery_Values(t *testing.T) {
	for query, want := range map[string]string{
		"":                                    "",
		"after=x":                             "",
		"q=+a%26b+&shelf=left&sort=-lent":     "q=a%26b&shelf=left&sort=-lent",
		"author=bo&shelf=&q=&sort=&after=x":   "author=bo",
		"sort=title&after=x&author=%26&q=%3D": "author=%26&q=%3D&sort=title",
	} {
		q, err := catalog.Read(parse(t, query))
		if got := q.Values().Encode(); err != nil || got != want {
			t.Errorf("%s: got %s, error %v, want %s", query, got, err, want)
		}
	}
	for narrowed, queries := range map[bool][]list.Query{
		false: {{}, {Sort: "title", After: "x", Limit: 1, Filters: map[string]string{}}},
		true:  {{Text: "a"}, {Filters: map[string]string{"shelf": "left"}}},
	} {
		for _, q := range queries {
			if q.Narrowed() != narrowed {
				t.Errorf("%+v: got %v", q, q.Narrowed())
			}
		}
	}
}
