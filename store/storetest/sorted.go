package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// tangled writes streams whose events lie between each other's in the log, of two types
// of events, and returns those of the type account in the order ByStream.
func tangled(t *testing.T, s store.Store) []store.Record {
	t.Helper()
	var all []store.Record
	for version := range int64(3) {
		for _, id := range []string{"b", "a", "", "a-1", "Z", "ä"} {
			record := event(account(id), version+1)
			record.Type = fmt.Sprintf("account.type-%d", version%2)
			b := batchOf(record, event(store.Stream{Type: "other", ID: id}, version+1))
			insert(t, s, b)
			all = append(all, b.Records[0])
		}
	}
	slices.SortStableFunc(all, func(a, b store.Record) int { return strings.Compare(a.Stream.ID, b.Stream.ID) })

	return all
}

// pages reads q to its end, going on from the last record of each page.
func pages(t *testing.T, s store.Store, q store.Query) (all []store.Record) {
	t.Helper()
	for {
		page := read(t, s, q)
		if len(page) > q.Limit {
			t.Fatalf("got %d records of at most %d", len(page), q.Limit)
		}
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		last := page[len(page)-1]
		q.Stream, q.AfterVersion = last.Stream, last.Version
	}
}

func wantRecords(t *testing.T, got, want []store.Record) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func matching(all []store.Record, match func(r store.Record) bool) []store.Record {
	return slices.DeleteFunc(slices.Clone(all), func(r store.Record) bool { return !match(r) })
}

func readByStream(t *testing.T, s store.Store) {
	all := tangled(t, s)
	middle := all[len(all)/2].Position
	q := store.Query{Stream: account(""), Order: store.ByStream}

	wantRecords(t, read(t, s, q), all)
	for _, limit := range []int{1, 4, 100} {
		q := q
		q.Limit = limit
		wantRecords(t, pages(t, s, q), all)
		q.UpToPosition, q.Types = middle, []string{"account.type-1", "account.unknown"}
		wantRecords(t, pages(t, s, q), matching(all, func(r store.Record) bool {
			return r.Position <= middle && r.Type == "account.type-1"
		}))
	}

	q.Stream = account("a") // between two streams
	q.AfterVersion = 9
	wantRecords(t, read(t, s, q), matching(all, func(r store.Record) bool { return r.Stream.ID > "a" }))
	wantRecords(t, read(t, s, store.Query{Stream: store.Stream{Type: "nobody"}, Order: store.ByStream}), nil)

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		record := event(account("zz"), 1)
		if err := s.InsertTx(t.Context(), tx, batchOf(record)); err != nil {
			return err
		}
		q := store.Query{Stream: account("z"), Order: store.ByStream, Types: []string{record.Type}, Tx: tx}
		equal(t, len(read(t, s, q)), 1)

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readUpToPosition(t *testing.T, s store.Store) {
	one, two, three := batchOf(event(account("a"), 1)), batchOf(event(account("a"), 2), event(account("b"), 1)), batchOf(event(account("a"), 3))
	insert(t, s, one, two, three)

	for name, c := range map[string]struct {
		query store.Query
		want  [][]store.Record
	}{
		"stream":       {store.Query{Stream: account("a"), Order: store.ByVersion}, [][]store.Record{one.Records, two.Records[:1]}},
		"last":         {store.Query{Stream: account("a"), Order: store.LastFirst, Limit: 1}, [][]store.Record{two.Records[:1]}},
		"log":          {store.Query{Order: store.ByPosition}, [][]store.Record{one.Records, two.Records}},
		"page of log":  {store.Query{Order: store.ByPosition, Limit: 2}, [][]store.Record{one.Records, two.Records}},
		"rest of log":  {store.Query{Order: store.ByPosition, AfterPosition: one.Records[0].Position}, [][]store.Record{two.Records}},
		"nothing left": {store.Query{Order: store.ByPosition, AfterPosition: two.Records[0].Position}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.UpToPosition = two.Records[0].Position
			wantRecords(t, read(t, s, c.query), slices.Concat(c.want...))
		})
	}
}

func readTypes(t *testing.T, s store.Store) {
	stream := account("a")
	b := batchOf(event(stream, 1), event(stream, 2), event(stream, 3))
	b.Records[1].Type, b.Records[2].Type = `odd "type", it's`, "account.closed"
	insert(t, s, b)

	for _, c := range []struct {
		types []string
		want  []int64
	}{
		{nil, []int64{1, 2, 3}},
		{[]string{}, []int64{}},
		{[]string{"account.opened"}, []int64{1}},
		{[]string{b.Records[1].Type, "account.closed", "account.nothing"}, []int64{2, 3}},
	} {
		q := store.Query{Stream: stream, Order: store.ByVersion, Types: c.types}
		equal(t, versions(read(t, s, q)), c.want)
		equal(t, len(read(t, s, store.Query{Order: store.ByPosition, Types: c.types})), 3)
	}
}

// readByPositionInTx reads what a transaction sees: its own records, which nobody calls
// settled, are among it.
func readByPositionInTx(t *testing.T, s store.Store) {
	first := batchOf(event(account("a"), 1))
	insert(t, s, first)

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		own := batchOf(event(account("a"), 2), event(account("b"), 1))
		if err := s.InsertTx(t.Context(), tx, own); err != nil {
			return err
		}
		wantRecords(t, read(t, s, store.Query{Order: store.ByPosition, Tx: tx}), slices.Concat(first.Records, own.Records))
		after := store.Query{Order: store.ByPosition, Tx: tx, AfterPosition: first.Records[0].Position, Limit: 1}
		wantRecords(t, read(t, s, after), own.Records)
		wantRecords(t, read(t, s, store.Query{Order: store.ByPosition}), first.Records)

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
