package storetest

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// history is a stream of six records, of which the fourth happened before all
// others and the fifth at the same time as the second.
func history(t *testing.T, s store.Store) store.Stream {
	t.Helper()
	stream, b := account("a"), &store.Batch{}
	for v := range int64(6) {
		b.Records = append(b.Records, event(stream, v+1))
	}
	b.Records[3].OccurredAt = noon.Add(-time.Hour)
	b.Records[4].OccurredAt = b.Records[1].OccurredAt
	b.Records[2].IdempotencyKey = "third"
	insert(t, s, b, batchOf(event(account("A"), 1), event(store.Stream{Type: "other", ID: "a"}, 1)))

	return stream
}

func second(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }

func readBounds(t *testing.T, s store.Store) {
	stream := history(t, s)
	for name, c := range map[string]struct {
		query store.Query
		want  []int64
	}{
		"all":            {store.Query{}, []int64{1, 2, 3, 4, 5, 6}},
		"after version":  {store.Query{AfterVersion: 4}, []int64{5, 6}},
		"up to version":  {store.Query{UpToVersion: 2}, []int64{1, 2}},
		"between":        {store.Query{AfterVersion: 1, UpToVersion: 3}, []int64{2, 3}},
		"recorded until": {store.Query{RecordedUntil: second(3)}, []int64{1, 2, 3}},
		"just before":    {store.Query{RecordedUntil: second(3).Add(-1)}, []int64{1, 2}},
		"just after":     {store.Query{RecordedUntil: second(3).Add(999)}, []int64{1, 2, 3}},
		"occurred until": {store.Query{OccurredUntil: second(2)}, []int64{1, 2, 4, 5}},
		"both":           {store.Query{RecordedUntil: second(4), OccurredUntil: second(2)}, []int64{1, 2, 4}},
		"key":            {store.Query{IdempotencyKey: "third"}, []int64{3}},
		"unknown key":    {store.Query{IdempotencyKey: "fourth"}, []int64{}},
		"limit":          {store.Query{AfterVersion: 1, Limit: 2}, []int64{2, 3}},
		"all at once": {store.Query{
			AfterVersion: 1, UpToVersion: 5, RecordedUntil: second(5), OccurredUntil: second(2), Limit: 2,
		}, []int64{2, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			c.query.Stream, c.query.Order = stream, store.ByVersion
			equal(t, versions(read(t, s, c.query)), c.want)
		})
	}
}

func readOrder(t *testing.T, s store.Store) {
	stream := history(t, s)
	for order, want := range map[store.Order][]int64{
		store.ByOccurrence: {4, 1, 2, 5, 3, 6},
		store.ByVersion:    {1, 2, 3, 4, 5, 6},
		store.LastFirst:    {6, 5, 4, 3, 2, 1},
	} {
		equal(t, versions(read(t, s, store.Query{Stream: stream, Order: order})), want)
	}
	last := read(t, s, store.Query{Stream: stream, Order: store.LastFirst, Limit: 1})
	equal(t, versions(last), []int64{6})
}

func readAfter(t *testing.T, s store.Store) {
	stream := history(t, s)
	q := store.Query{Stream: stream, Limit: 1}
	var got []int64
	for {
		page := read(t, s, q)
		if len(page) == 0 {
			break
		}
		got = append(got, page[0].Version)
		q.After = &store.Place{OccurredAt: page[0].OccurredAt, Version: page[0].Version}
	}
	equal(t, got, []int64{4, 1, 2, 5, 3, 6})
}

func readEventID(t *testing.T, s store.Store) {
	stream := history(t, s)
	third := read(t, s, store.Query{Stream: stream, Order: store.ByVersion})[2]

	equal(t, read(t, s, store.Query{EventID: third.EventID}), []store.Record{third})
	equal(t, read(t, s, store.Query{EventID: third.EventID, Stream: stream}), []store.Record{third})
	equal(t, len(read(t, s, store.Query{EventID: third.EventID, Stream: account("b")})), 0)
	equal(t, len(read(t, s, store.Query{})), 0)
}

func readTx(t *testing.T, s store.Store) {
	a := account("a")
	insert(t, s, batchOf(event(a, 1)))

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		if err := s.InsertTx(t.Context(), tx, batchOf(event(a, 2))); err != nil {
			return err
		}
		inside := read(t, s, store.Query{Stream: a, Order: store.ByVersion, Tx: tx})
		equal(t, versions(inside), []int64{1, 2})
		equal(t, inside[0], readStream(t, s, a)[0])
		wantVersions(t, s, a, 1)

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	wantVersions(t, s, a, 1, 2)
}

func readEmpty(t *testing.T, s store.Store) {
	wantVersions(t, s, account("nobody"))
}

func readStopsEarly(t *testing.T, s store.Store) {
	stream := history(t, s)
	for range 50 { // more often than there are connections
		for r, err := range s.Read(t.Context(), store.Query{Stream: stream, Order: store.ByVersion}) {
			if err != nil || r.Version != 1 {
				t.Fatalf("got %d, %v", r.Version, err)
			}

			break
		}
	}
}

// readNewest reads the log from its end.
func readNewest(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	first, second := batchOf(event(a, 1)), batchOf(event(b, 1), event(a, 2))
	insert(t, s, first)
	insert(t, s, second)

	got := read(t, s, store.Query{Order: store.NewestFirst, Limit: 2})
	equal(t, got, []store.Record{second.Records[1], second.Records[0]})
	equal(t, len(read(t, s, store.Query{Order: store.NewestFirst})), 3)
	equal(t, len(read(t, s, store.Query{Order: store.NewestFirst, UpToPosition: math.MaxInt64})), 3)
	for _, beyond := range []int64{math.MaxInt64 >> 20, math.MaxInt64 - 1, math.MaxInt64} {
		equal(t, len(read(t, s, store.Query{Order: store.ByPosition, AfterPosition: beyond})), 0)
	}
	below := store.Query{Order: store.NewestFirst, UpToPosition: second.Records[0].Position - 1}
	equal(t, read(t, s, below), first.Records)
}

// readByPosition pages through the log, in which no page ends within a batch.
func readByPosition(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	one, three, two := batchOf(event(a, 1)), batchOf(event(a, 2), event(b, 1), event(a, 3)), batchOf(event(b, 2), event(b, 3))
	insert(t, s, one)
	insert(t, s, three, two) // in one commit
	first, second, third := one.Records[0].Position, three.Records[0].Position, two.Records[0].Position

	for _, q := range []struct {
		after int64
		limit int
		want  [][]store.Record
	}{
		{0, 0, [][]store.Record{one.Records, three.Records, two.Records}},
		{0, 1, [][]store.Record{one.Records}},
		{0, 2, [][]store.Record{one.Records, three.Records}},
		{first, 1, [][]store.Record{three.Records}},
		{first, 3, [][]store.Record{three.Records}},
		{first, 4, [][]store.Record{three.Records, two.Records}},
		{second, 9, [][]store.Record{two.Records}},
		{third, 9, nil},
	} {
		got := read(t, s, store.Query{Order: store.ByPosition, AfterPosition: q.after, Limit: q.limit})
		if diff := cmp.Diff(slices.Concat(q.want...), got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("after %d, limit %d (-want +got):\n%s", q.after, q.limit, diff)
		}
	}
}
