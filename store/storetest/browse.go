package storetest

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/store"
)

// typed is a record of a type with some meta, to be given the next version.
func typed(stream store.Stream, typ, meta string) store.Record {
	r := event(stream, 0)
	r.Type, r.Meta = typ, []byte(meta)
	r.RecordedAt, r.OccurredAt = noon, noon
	var fields map[string]any
	_ = json.Unmarshal(r.Meta, &fields) // what is no object has none
	r.Correlation, _ = fields["correlation_id"].(string)
	r.Causation, _ = fields["causation_id"].(string)

	return r
}

// written inserts each list of records as one append, and returns them all by number, in the
// order of the log. The nth append is recorded n seconds after noon.
func written(t *testing.T, s store.Store, appends ...[]store.Record) (all []store.Record) {
	t.Helper()
	for n, records := range appends {
		for i := range records {
			records[i].RecordedAt = second(n + 1)
		}
		b := batchOf(records...)
		insert(t, s, b)
		all = append(all, b.Records...)
	}

	return all
}

// ledger is a log of ten records of two types of streams and four of events.
func ledger(t *testing.T, s store.Store) []store.Record {
	t.Helper()
	a, b, invoice := account("a-1"), account("a-2"), store.Stream{Type: "invoice", ID: "a-1"}
	proved := typed(account("b"), "opened", `{"correlation_id":"x"}`)
	proved.Version = 1

	return written(t, s,
		[]store.Record{typed(a, "opened", `{}`)}, // 0
		[]store.Record{typed(b, "opened", `{"correlation_id":"x"}`), typed(b, "paid", `{"causation_id":"x"}`)}, // 1, 2
		[]store.Record{typed(invoice, "sent", `{"correlation_id":"x","causation_id":"y"}`)},                    // 3
		[]store.Record{typed(a, "paid", `{}`), typed(invoice, "paid", `{}`), typed(a, "closed", `{}`)},         // 4, 5, 6
		[]store.Record{typed(b, "paid", `{"correlation_id":"y"}`)},                                             // 7
		[]store.Record{proved},                   // 8
		[]store.Record{typed(b, "closed", `{}`)}, // 9
	)
}

// browsed is the numbers in all of what q selects.
func browsed(t *testing.T, s store.Store, all []store.Record, q store.Browse) []int {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 1000
	}
	records, err := s.Browse(t.Context(), q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}

	return numbers(t, all, records)
}

// numbers are the places of records in all. They must be just as they were written, but for
// what is not read back.
func numbers(t *testing.T, all, records []store.Record) []int {
	t.Helper()
	got := []int{}
	for _, r := range records {
		n := slices.IndexFunc(all, func(other store.Record) bool { return other.EventID == r.EventID })
		if n < 0 {
			t.Fatalf("record %d/%d is not ours", r.Position, r.Ordinal)
		}
		want := all[n]
		want.Correlation, want.Causation = "", ""
		equal(t, r, want)
		got = append(got, n)
	}

	return got
}

func point(r store.Record) store.Point { return store.Point{Position: r.Position, Ordinal: r.Ordinal} }

// browses is what queries are to select, newest first.
type browses map[string]struct {
	query store.Browse
	want  []int
}

// hold compares what queries select with what they are to: all of it, in pages, and in both
// directions.
func (b browses) hold(t *testing.T, s store.Store, all []store.Record) {
	t.Helper()
	for name, c := range b {
		t.Run(name, func(t *testing.T) {
			equal(t, browsed(t, s, all, c.query), c.want)
			equal(t, paged(t, s, all, c.query), c.want)
			c.query.Oldest = true
			slices.Reverse(c.want)
			equal(t, browsed(t, s, all, c.query), c.want)
			equal(t, paged(t, s, all, c.query), c.want)
		})
	}
}

// paged reads all of q two records at a time.
func paged(t *testing.T, s store.Store, all []store.Record, q store.Browse) []int {
	t.Helper()
	q.Limit = 2
	got := []int{}
	for {
		page := browsed(t, s, all, q)
		if got = append(got, page...); len(page) == 0 || len(got) > len(all) {
			return got
		}
		if last := point(all[page[len(page)-1]]); q.Oldest {
			q.After = last
		} else {
			q.Before = last
		}
	}
}

func browseLog(t *testing.T, s store.Store) {
	all := ledger(t, s)
	browses{
		"all":            {store.Browse{}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"after":          {store.Browse{After: point(all[5])}, []int{9, 8, 7, 6}},
		"before":         {store.Browse{Before: point(all[5])}, []int{4, 3, 2, 1, 0}},
		"after all of 4": {store.Browse{After: store.Point{Position: all[4].Position, Ordinal: math.MaxInt}}, []int{9, 8, 7}},
		"before 4":       {store.Browse{Before: store.Point{Position: all[4].Position}}, []int{3, 2, 1, 0}},
		"from 4":         {store.Browse{After: store.Point{Position: all[4].Position}}, []int{9, 8, 7, 6, 5, 4}},
		"between":        {store.Browse{After: point(all[1]), Before: point(all[5])}, []int{4, 3, 2}},
		"beyond the end": {store.Browse{After: store.Point{Position: math.MaxInt64, Ordinal: math.MaxInt}}, []int{}},
		"up to the end":  {store.Browse{Before: store.Point{Position: math.MaxInt64, Ordinal: 1}}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"recorded from":  {store.Browse{RecordedFrom: second(4)}, []int{9, 8, 7, 6, 5, 4}},
		"recorded until": {store.Browse{RecordedUntil: second(2)}, []int{2, 1, 0}},
		"recorded then":  {store.Browse{RecordedFrom: second(2), RecordedUntil: second(3)}, []int{3, 2, 1}},
		"just later":     {store.Browse{RecordedFrom: second(2).Add(time.Microsecond), RecordedUntil: second(3)}, []int{3}},
		"kind":           {store.Browse{Stream: store.Stream{Type: "invoice"}}, []int{5, 3}},
		"no such kind":   {store.Browse{Stream: store.Stream{Type: "debt"}}, []int{}},
	}.hold(t, s, all)
	equal(t, browsed(t, s, all, store.Browse{Limit: 3}), []int{9, 8, 7})
	equal(t, browsed(t, s, all, store.Browse{Limit: -1}), []int{})
}

func browseTypes(t *testing.T, s store.Store) {
	all := ledger(t, s)
	browses{
		"one":        {store.Browse{Types: []string{"paid"}}, []int{7, 5, 4, 2}},
		"two":        {store.Browse{Types: []string{"opened", "closed"}}, []int{9, 8, 6, 1, 0}},
		"twice":      {store.Browse{Types: []string{"sent", "sent", "nothing"}}, []int{3}},
		"none":       {store.Browse{Types: []string{}}, []int{}},
		"not its":    {store.Browse{Types: []string{"Paid", "pai", "paid "}}, []int{}},
		"bounds":     {store.Browse{Types: []string{"opened", "paid"}, After: point(all[1]), Before: point(all[8])}, []int{7, 5, 4, 2}},
		"of a kind":  {store.Browse{Types: []string{"paid"}, Stream: store.Stream{Type: "invoice"}}, []int{5}},
		"of ids":     {store.Browse{Types: []string{"opened"}, Stream: account("a-"), Prefix: true}, []int{1, 0}},
		"of one":     {store.Browse{Types: []string{"paid", "closed"}, Stream: account("a-2")}, []int{9, 7, 2}},
		"recorded":   {store.Browse{Types: []string{"opened"}, RecordedFrom: second(2), RecordedUntil: second(5)}, []int{1}},
		"impossible": {store.Browse{Types: []string{"a\xffb", "a\x00b"}}, []int{}},
	}.hold(t, s, all)

	many := []string{"sent"}
	for n := range 700 {
		many = append(many, fmt.Sprintf("type.%d", n))
	}
	equal(t, browsed(t, s, all, store.Browse{Types: many}), []int{3})
}

func browseStream(t *testing.T, s store.Store) {
	all := ledger(t, s)
	browses{
		"all":            {store.Browse{Stream: account("a-2")}, []int{9, 7, 2, 1}},
		"not another's":  {store.Browse{Stream: store.Stream{Type: "invoice", ID: "a-1"}}, []int{5, 3}},
		"after":          {store.Browse{Stream: account("a-2"), After: point(all[2])}, []int{9, 7}},
		"after no own":   {store.Browse{Stream: account("a-2"), After: point(all[3])}, []int{9, 7}},
		"before":         {store.Browse{Stream: account("a-2"), Before: point(all[7])}, []int{2, 1}},
		"before no own":  {store.Browse{Stream: account("a-2"), Before: point(all[8])}, []int{7, 2, 1}},
		"in one append":  {store.Browse{Stream: account("a-1"), After: point(all[4]), Before: store.Point{Position: math.MaxInt64}}, []int{6}},
		"before all":     {store.Browse{Stream: account("a-2"), Before: point(all[1])}, []int{}},
		"after all":      {store.Browse{Stream: account("a-2"), After: point(all[9])}, []int{}},
		"recorded until": {store.Browse{Stream: account("a-2"), RecordedUntil: second(4)}, []int{2, 1}},
		"nobody":         {store.Browse{Stream: account("a"), Before: point(all[9])}, []int{}},
		"impossible":     {store.Browse{Stream: account("a\xff")}, []int{}},
	}.hold(t, s, all)
}

func browsePrefix(t *testing.T, s store.Store) {
	last := "z" + strings.Repeat("\U0010FFFF", 2)
	var appends [][]store.Record
	for _, id := range []string{"a", "a%b", "a%%", "a_b", "axb", "A", "\uD7FF-1", "\uE000", "z", last, last + "x"} {
		appends = append(appends, []store.Record{typed(account(id), "opened", `{}`), typed(store.Stream{Type: "other", ID: id}, "opened", `{}`)})
	}
	all := written(t, s, appends...)

	of := func(prefix string) store.Browse { return store.Browse{Stream: account(prefix), Prefix: true} }
	browses{
		"nothing":         {of(""), []int{20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0}},
		"letter":          {of("a"), []int{8, 6, 4, 2, 0}},
		"percent":         {of("a%"), []int{4, 2}},
		"underscore":      {of("a_"), []int{6}},
		"whole":           {of("axb"), []int{8}},
		"before the gap":  {of("\uD7FF"), []int{12}},
		"last code point": {of("z\U0010FFFF"), []int{20, 18}},
		"with a filter":   {store.Browse{Stream: account("a"), Prefix: true, Types: []string{"opened"}, After: point(all[4])}, []int{8, 6}},
		"half a letter":   {of("\xed"), []int{}},
	}.hold(t, s, all)
}

func browseMeta(t *testing.T, s store.Store) {
	all := ledger(t, s)
	browses{
		"correlation":      {store.Browse{Correlation: "x"}, []int{8, 3, 1}},
		"its bounds":       {store.Browse{Correlation: "x", After: point(all[1]), Before: point(all[8])}, []int{3}},
		"of a type":        {store.Browse{Correlation: "x", Types: []string{"opened"}}, []int{8, 1}},
		"of a kind":        {store.Browse{Correlation: "x", Stream: store.Stream{Type: "invoice"}}, []int{3}},
		"of one stream":    {store.Browse{Correlation: "x", Stream: account("a-2")}, []int{1}},
		"both":             {store.Browse{Correlation: "x", Causation: "y"}, []int{3}},
		"neither together": {store.Browse{Correlation: "y", Causation: "y"}, []int{}},
		"causation":        {store.Browse{Causation: "x"}, []int{2}},
		"recorded":         {store.Browse{Correlation: "x", RecordedUntil: second(3)}, []int{3, 1}},
		"unknown":          {store.Browse{Correlation: "z"}, []int{}},
	}.hold(t, s, all)
}

// browseNastyMeta appends what a meta should not be, and ids that no database takes. None of
// it may make an append fail.
func browseNastyMeta(t *testing.T, s store.Store) {
	long, huge := strings.Repeat("ü", store.MaxID), ""
	for range 200 { // none of which a database can compress
		huge += uuid.NewString()
	}
	appends := [][]store.Record{}
	for _, meta := range []string{
		`[]`, `"correlation_id"`, `null`, `{"correlation_id":null}`, `{"correlation_id":12}`, `{"correlation_id":true}`,
		`{"correlation_id":{"a":"` + huge + `"}}`, `{"correlation_id":["x"]}`,
		`{"correlation_id":"a\u0026b","causation_id":"\u00fc"}`,                            // 8
		`{"correlation_id":"\u0000","causation_id":"\ud800","note":"\udc00 \uD83D\uDE00"}`, // 9
		`{"correlation_id":"c:\\u0000\\","note":"\\\u0000"}`,                               // 10
		`{"note":{"correlation_id":"inner"}}`,
		`{"correlation_id":"` + long + `"}`, // 12
		`{"correlation_id":"` + long + `x"}`,
		`{"correlation_id":"","note":"\u0000\u0001\ufffd"}`,
		`{"correlation_id":"one","correlation_id":"two\""}`,
		`{"correlation_id":"` + huge + `"}`,
		`{"correlation_id":"` + huge + `","note":"\u0000"}`,
		` { "causation_id" : "ü" , "correlation_id" : "o'k" } `, // 18
	} {
		appends = append(appends, []store.Record{typed(account("a"), "opened", meta)})
	}
	var several []store.Record
	for _, id := range []string{"a\x00", "\xff", "\xed\xa0\x80", huge, "\ufffd", "\u2028", "a'b", "'", `\`, "{NULL}", "NULL"} {
		r := typed(account("b"), "opened", `{}`)
		r.Correlation, r.Causation = id, id
		several = append(several, r)
		appends = append(appends, []store.Record{r})
		appends[len(appends)-1][0].EventID = uuid.New()
	}
	all := written(t, s, append(appends, several)...) // one by one, and all at once

	for id, want := range map[string][]int{
		"12": {}, "true": {}, "x": {}, `["x"]`: {}, "inner": {}, long: {12}, long + "x": {}, "a&b": {8}, `c:\u0000\`: {10}, "o'k": {18}, "\x00": {},
	} {
		equal(t, browsed(t, s, all, store.Browse{Correlation: id}), want)
	}
	equal(t, slices.Contains(browsed(t, s, all, store.Browse{Causation: "ü"}), 18), true)
	equal(t, browsed(t, s, all, store.Browse{Correlation: "NULL", Causation: "NULL"}), []int{40, 29})
	for _, id := range []string{"a", "a\x00", "\xff", huge} {
		equal(t, browsed(t, s, all, store.Browse{Causation: id}), []int{})
	}
}

// heads reads the streams q selects, in pages, and compares their last records.
func heads(t *testing.T, s store.Store, all []store.Record, q store.Heads, want ...int) {
	t.Helper()
	q.Limit = 1000
	records, err := s.Heads(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	got := numbers(t, all, records)
	equal(t, got, append([]int{}, want...))

	got, q.Limit = []int{}, 2
	for len(got) <= len(all) {
		page, err := s.Heads(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		got, q.After = append(got, numbers(t, all, page)...), page[len(page)-1].Stream.ID
	}
	equal(t, got, append([]int{}, want...))
}

func headsOfType(t *testing.T, s store.Store) {
	all := ledger(t, s)
	heads(t, s, all, store.Heads{Type: "account"}, 6, 9, 8)
	heads(t, s, all, store.Heads{Type: "account", Backwards: true}, 8, 9, 6)
	heads(t, s, all, store.Heads{Type: "account", After: "a-1"}, 9, 8)
	heads(t, s, all, store.Heads{Type: "account", After: "a-3"}, 8)
	heads(t, s, all, store.Heads{Type: "account", After: "b", Backwards: true}, 9, 6)
	heads(t, s, all, store.Heads{Type: "invoice"}, 5)
	heads(t, s, all, store.Heads{Type: "debt"})
	heads(t, s, all, store.Heads{Type: "account", After: "\xff"})

	none, err := s.Heads(t.Context(), store.Heads{Type: "account"})
	equal(t, err, nil)
	equal(t, len(none), 0)
}

func headsPrefix(t *testing.T, s store.Store) {
	last := "z" + strings.Repeat("\U0010FFFF", 2)
	var appends [][]store.Record
	for _, id := range []string{"a", "a%b", "a_b", "axb", "b", "z", last, last + "x"} {
		appends = append(appends, []store.Record{typed(account(id), "opened", `{}`), typed(account(id), "paid", `{}`)})
	}
	all := written(t, s, appends...)

	heads(t, s, all, store.Heads{Type: "account", Prefix: "a"}, 1, 3, 5, 7)
	heads(t, s, all, store.Heads{Type: "account", Prefix: "a", Backwards: true}, 7, 5, 3, 1)
	heads(t, s, all, store.Heads{Type: "account", Prefix: "a%"}, 3)
	heads(t, s, all, store.Heads{Type: "account", Prefix: "a_"}, 5)
	heads(t, s, all, store.Heads{Type: "account", Prefix: "a", After: "a%b"}, 5, 7)
	heads(t, s, all, store.Heads{Type: "account", Prefix: "a", After: "b"})
	heads(t, s, all, store.Heads{Type: "account", Prefix: "a", After: "b", Backwards: true}, 7, 5, 3, 1)
	heads(t, s, all, store.Heads{Type: "account", Prefix: last}, 13, 15)
	heads(t, s, all, store.Heads{Type: "account", Prefix: last, Backwards: true}, 15, 13)
	heads(t, s, all, store.Heads{Type: "account", Prefix: "c"})
}

func sampleRecords(t *testing.T, s store.Store) {
	all := ledger(t, s)
	got, err := s.Sample(t.Context(), []int64{
		all[9].Position, all[4].Position, all[0].Position, all[4].Position,
		0, -1, all[9].Position + 1, math.MaxInt64, math.MinInt64, math.MaxInt64 >> 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []store.Record{all[0], all[6], all[9]}
	for i := range want {
		want[i].Data, want[i].Meta = nil, nil
	}
	equal(t, got, want)

	got, err = s.Sample(t.Context(), nil)
	equal(t, err, nil)
	equal(t, len(got), 0)
}

func namesOfTypes(t *testing.T, s store.Store) {
	for _, names := range []func() ([]string, error){
		func() ([]string, error) { return store.TypeNames(t.Context(), s) },
		func() ([]string, error) { return store.StreamTypes(t.Context(), s) },
	} {
		got, err := names()
		equal(t, err, nil)
		equal(t, len(got), 0)
	}

	ledger(t, s)
	types, err := store.TypeNames(t.Context(), s)
	equal(t, err, nil)
	equal(t, types, []string{"closed", "opened", "paid", "sent"})
	streams, err := store.StreamTypes(t.Context(), s)
	equal(t, err, nil)
	equal(t, streams, []string{"account", "invoice"})
}

func countUpTo(t *testing.T, s store.Store) {
	ledger(t, s)
	for _, c := range []struct {
		typ   string
		limit int
		want  int64
	}{{"paid", 100, 4}, {"paid", 4, 4}, {"paid", 3, 3}, {"sent", 1, 1}, {"nothing", 9, 0}, {"pai\xff", 9, 0}} {
		got, err := store.CountUpTo(t.Context(), s, c.typ, c.limit)
		if err != nil || got != c.want {
			t.Errorf("%+v: got %d, %v", c, got, err)
		}
	}
}

func info(t *testing.T, s store.Store) {
	insert(t, s, batchOf(event(account("a"), 1)))
	i, err := s.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := i.Connections
	if i.Kind == "" || i.Version == "" || i.Name == "" || i.Bytes < 8192 || c.Max < 1 || c.Open < 1 || c.Open > c.Max || c.InUse > c.Open {
		t.Errorf("got %+v", i)
	}
	equal(t, strings.EqualFold(i.Kind, map[string]string{"postgres": "PostgreSQL"}[s.DB().Name()]) || i.Kind == "SQLite", true)
}

// migrateBrowse undoes the indexes, lets appends go on without them, and makes them again.
func migrateBrowse(t *testing.T, s store.Store) {
	providers, err := s.Migrations(nil)
	if err != nil {
		t.Fatal(err)
	}
	first := written(t, s, []store.Record{typed(account("a"), "opened", `{"correlation_id":"x"}`)})
	if _, err := providers[0].DownTo(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	second := written(t, s, []store.Record{typed(account("b"), "opened", `{"correlation_id":"x","note":"\u0000"}`)})
	if err := store.Up(t.Context(), providers...); err != nil {
		t.Fatal(err)
	}
	all := append(first, second...)
	equal(t, browsed(t, s, all, store.Browse{Correlation: "x"}), []int{1, 0})
	equal(t, browsed(t, s, all, store.Browse{Types: []string{"opened"}}), []int{1, 0})
}
