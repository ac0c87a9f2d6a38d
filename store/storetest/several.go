package storetest

import (
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// place is a record, for short.
type place struct {
	ID      string
	Version int64
}

func places(records []store.Record) []place {
	out := []place{}
	for _, r := range records {
		out = append(out, place{r.Stream.ID, r.Version})
	}

	return out
}

// readSeveral reads streams z and a, of which z came first, and b, which nobody asks for.
func readSeveral(t *testing.T, s store.Store) {
	z, a, b := account("z"), account("a"), account("b")
	late := event(z, 2)
	late.OccurredAt = second(-1)
	insert(t, s, batchOf(event(z, 1), event(b, 1)))
	insert(t, s, batchOf(event(a, 1), late, event(a, 2)))
	insert(t, s, batchOf(event(a, 3)), batchOf(event(z, 3)))
	insert(t, s, batchOf(event(store.Stream{Type: "other", ID: "a"}, 1)))
	both := []store.At{at(z, 0), at(a, 0)}
	second2 := readStream(t, s, a)[1].Position

	for name, c := range map[string]struct {
		q    store.Query
		want []place
	}{
		"none":       {store.Query{Several: []store.At{}}, []place{}},
		"empty":      {store.Query{Several: []store.At{at(account("c"), 0)}}, []place{}},
		"as given":   {store.Query{Several: both}, []place{{"z", 2}, {"z", 1}, {"z", 3}, {"a", 1}, {"a", 2}, {"a", 3}}},
		"other way":  {store.Query{Several: []store.At{at(a, 0), at(z, 0)}}, []place{{"a", 1}, {"a", 2}, {"a", 3}, {"z", 2}, {"z", 1}, {"z", 3}}},
		"above":      {store.Query{Several: []store.At{at(z, 1), at(a, 2)}}, []place{{"z", 2}, {"z", 3}, {"a", 3}}},
		"position":   {store.Query{Several: both, Order: store.ByPosition}, []place{{"z", 1}, {"a", 1}, {"z", 2}, {"a", 2}, {"a", 3}, {"z", 3}}},
		"up to":      {store.Query{Several: both, UpToPosition: second2}, []place{{"z", 2}, {"z", 1}, {"a", 1}, {"a", 2}}},
		"recorded":   {store.Query{Several: both, RecordedUntil: second(1)}, []place{{"z", 1}, {"a", 1}}},
		"occurred":   {store.Query{Several: both, OccurredUntil: second(1)}, []place{{"z", 2}, {"z", 1}, {"a", 1}}},
		"and so on":  {store.Query{Several: both, OccurredUntil: second(1), RecordedUntil: second(1), Order: store.ByPosition}, []place{{"z", 1}, {"a", 1}}},
		"positioned": {store.Query{Several: both, UpToPosition: second2, Order: store.ByPosition}, []place{{"z", 1}, {"a", 1}, {"z", 2}, {"a", 2}}},
	} {
		t.Run(name, func(t *testing.T) { equal(t, places(read(t, s, c.q)), c.want) })
	}
	equal(t, read(t, s, store.Query{Several: []store.At{at(a, 0)}}), readStream(t, s, a))
}

// readSeveralNasty reads streams whose ids databases and drivers like to confuse.
func readSeveralNasty(t *testing.T, s store.Store) {
	batch := &store.Batch{}
	var streams []store.At
	for _, id := range nastyIDs() {
		batch.Records = append(batch.Records, event(account(id), 1))
		streams = append(streams, at(account(id), 0))
	}
	insert(t, s, batch)

	equal(t, read(t, s, store.Query{Several: streams}), batch.Records)
	streams[len(streams)-1].Version = 1
	insert(t, s, guarded([]store.At{streams[len(streams)-1]}, event(account("guarded"), 1)))
	for _, of := range batch.Records {
		err := insertOne(t, s, guarded([]store.At{at(of.Stream, 2)}, event(account("guarded"), 2)))
		wantMoved(t, err, of.Stream, 2, 1)
	}
}

// readSeveralTx reads what a transaction sees, and what is committed beside it, settled or
// not.
func readSeveralTx(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	q := store.Query{Several: []store.At{at(a, 0), at(b, 0)}, Order: store.ByPosition}
	insert(t, s, batchOf(event(b, 1)))

	err := s.DB().Transaction(func(tx *gorm.DB) error {
		if err := s.InsertTx(t.Context(), tx, batchOf(event(a, 1))); err != nil {
			return err
		}
		equal(t, places(read(t, s, q)), []place{{"b", 1}})
		q := q
		q.Tx = tx
		equal(t, places(read(t, s, q)), []place{{"b", 1}, {"a", 1}})

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, places(read(t, s, q)), []place{{"b", 1}, {"a", 1}})
}
