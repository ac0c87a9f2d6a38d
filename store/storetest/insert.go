package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/store"
)

func insertVersions(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	batch := batchOf(event(a, 1), event(b, 1), event(a, 2), event(b, 2), event(a, 3))
	other := batchOf(event(account("c"), 1))
	insert(t, s, batch, other)

	for i, r := range batch.Records {
		if r.Position != batch.Records[0].Position || r.Ordinal != i+1 {
			t.Fatalf("record %d is at %d.%d, the first at %d", i, r.Position, r.Ordinal, batch.Records[0].Position)
		}
	}
	if first, next := batch.Records[0], other.Records[0]; first.Position < 1 || next.Position <= first.Position || next.Ordinal != 1 {
		t.Errorf("position %d, then %d.%d", first.Position, next.Position, next.Ordinal)
	}
	equal(t, readStream(t, s, a), []store.Record{batch.Records[0], batch.Records[2], batch.Records[4]})
	equal(t, readStream(t, s, b), []store.Record{batch.Records[1], batch.Records[3]})
}

func insertNextVersion(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	insert(t, s, batchOf(event(a, 0)), batchOf(event(b, 0), event(a, 0)))
	batch := batchOf(event(a, 0), event(b, 0), event(a, 0))
	insert(t, s, batch)

	equal(t, versions(batch.Records), []int64{3, 2, 4})
	wantVersions(t, s, a, 1, 2, 3, 4)
	wantVersions(t, s, b, 1, 2)
	equal(t, readStream(t, s, b)[1], batch.Records[1])
}

func insertNextAfterGiven(t *testing.T, s store.Store) {
	a := account("a")
	batch := batchOf(event(a, 1), event(a, 0), event(a, 3), event(a, 0))
	insert(t, s, batch)

	equal(t, versions(batch.Records), []int64{1, 2, 3, 4})
	wantVersions(t, s, a, 1, 2, 3, 4)
}

func insertNextConcurrent(t *testing.T, s store.Store) {
	const callers, each = 16, 10
	a := account("a")

	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				if err := s.Insert(t.Context(), batchOf(event(a, 0))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()

	got := readStream(t, s, a)
	if len(got) != callers*each {
		t.Fatalf("got %d records, want %d", len(got), callers*each)
	}
	for i, r := range got {
		if r.Version != int64(i+1) {
			t.Fatalf("record %d has version %d", i, r.Version)
		}
	}
}

func insertOneVersionConcurrent(t *testing.T, s store.Store) {
	const callers = 16
	a := account("a")

	errs := make([]error, callers)
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() { errs[i] = s.Insert(t.Context(), batchOf(event(a, 1))) })
	}
	wg.Wait()

	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, store.ErrVersionTaken):
			t.Error(err)
		}
	}
	equal(t, won, 1)
	wantVersions(t, s, a, 1)
}

func insertManyConcurrent(t *testing.T, s store.Store) {
	const callers, each = 8, 20

	var wg sync.WaitGroup
	for i := range callers {
		stream := account(fmt.Sprint(i))
		wg.Go(func() {
			for v := range int64(each) {
				if err := s.Insert(t.Context(), batchOf(event(stream, v+1))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()

	for i := range callers {
		got := readStream(t, s, account(fmt.Sprint(i)))
		if len(got) != each {
			t.Fatalf("stream %d has %d records", i, len(got))
		}
	}
}

func insertAtomic(t *testing.T, s store.Store) {
	a, b := account("a"), account("b")
	insert(t, s, batchOf(event(a, 1)))

	batch := batchOf(event(b, 1), event(a, 2), event(a, 1))
	if err := insertOne(t, s, batch); !errors.Is(err, store.ErrVersionTaken) {
		t.Fatalf("got %v", err)
	}
	wantVersions(t, s, a, 1)
	wantVersions(t, s, b)
	equal(t, batch.Records[0].Position, int64(0))
}

func insertManyOneConflict(t *testing.T, s store.Store) {
	balances(t, s)
	a := account("a")
	insert(t, s, batchOf(event(a, 1)))

	var batches []*store.Batch
	for i := range 5 {
		id := fmt.Sprint(i)
		batches = append(batches, &store.Batch{
			Records: []store.Record{event(account(id), 1)},
			Rows:    []store.Row{balance(id, int64(i))},
		})
	}
	batches[2].Records[0].Stream = a
	if err := s.Insert(t.Context(), batches...); !errors.Is(err, store.ErrVersionTaken) {
		t.Fatalf("got %v", err)
	}

	for i, b := range batches {
		if b.Records[0].Position != 0 {
			t.Errorf("batch %d: position %d", i, b.Records[0].Position)
		}
	}
	equal(t, readBalances(t, s), []Balance{})
	wantVersions(t, s, account("0"))
	insert(t, s, slices.Delete(batches, 2, 3)...)
	equal(t, readBalances(t, s), []Balance{{ID: "0"}, {ID: "1", Amount: 1}, {ID: "3", Amount: 3}, {ID: "4", Amount: 4}})
	wantVersions(t, s, a, 1)
}

func insertManySameVersion(t *testing.T, s store.Store) {
	a := account("a")
	if err := s.Insert(t.Context(), batchOf(event(a, 1)), batchOf(event(a, 1)), batchOf(event(a, 0))); !errors.Is(err, store.ErrVersionTaken) {
		t.Fatalf("got %v", err)
	}
	wantVersions(t, s, a)
}

func insertNothing(t *testing.T, s store.Store) {
	insert(t, s)
	insert(t, s, &store.Batch{}, &store.Batch{})
}

func insertVersionTaken(t *testing.T, s store.Store) {
	a := account("a")
	insert(t, s, batchOf(event(a, 1)))

	err := insertOne(t, s, batchOf(event(a, 1)))
	if !errors.Is(err, store.ErrVersionTaken) || errors.Is(err, store.ErrEventTaken) {
		t.Fatalf("got %v", err)
	}
}

func insertEventTaken(t *testing.T, s store.Store) {
	first, second := event(account("a"), 1), event(account("b"), 1)
	second.EventID = first.EventID
	insert(t, s, batchOf(first))

	err := insertOne(t, s, batchOf(second))
	if !errors.Is(err, store.ErrEventTaken) || errors.Is(err, store.ErrVersionTaken) {
		t.Fatalf("got %v", err)
	}
}

func insertKeyTaken(t *testing.T, s store.Store) {
	keyed := func(stream store.Stream, version int64) *store.Batch {
		r := event(stream, version)
		r.IdempotencyKey = "order-1"

		return batchOf(r)
	}
	insert(t, s, keyed(account("a"), 1), keyed(account("b"), 1))

	for _, version := range []int64{2, 0} {
		err := insertOne(t, s, keyed(account("a"), version))
		if !errors.Is(err, store.ErrKeyTaken) || errors.Is(err, store.ErrVersionTaken) {
			t.Fatalf("version %d: got %v", version, err)
		}
	}
	got := read(t, s, store.Query{Stream: account("a"), IdempotencyKey: "order-1"})
	equal(t, versions(got), []int64{1})
}

func insertInvalidJSON(t *testing.T, s store.Store) {
	bad := event(account("a"), 1)
	bad.Data = []byte(`{"n":`)
	for _, batches := range [][]*store.Batch{{batchOf(bad)}, {batchOf(bad), batchOf(event(account("b"), 1))}} {
		if err := s.Insert(t.Context(), batches...); err == nil {
			t.Fatal("it was taken")
		}
	}
	wantVersions(t, s, account("a"))
	wantVersions(t, s, account("b"))
}

func insertCancelled(t *testing.T, s store.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()

	err := s.Insert(ctx, batchOf(event(account("a"), 1)))
	if !errors.Is(err, context.Canceled) || errors.Is(err, store.ErrOutcomeUnknown) {
		t.Fatalf("got %v", err)
	}
	wantVersions(t, s, account("a"))
}

func insertTimes(t *testing.T, s store.Store) {
	zone := time.FixedZone("east", 5*3600+1800)
	for i, at := range []time.Time{
		noon,
		time.Date(1969, 12, 31, 23, 59, 59, 999999999, time.UTC),
		time.Date(1066, 10, 14, 9, 0, 0, 1000, time.UTC),
		time.Date(2999, 1, 1, 0, 0, 0, 999999000, zone),
		time.Now(),
	} {
		r := event(account(fmt.Sprint(i)), int64(i%2)) // given and next
		r.RecordedAt, r.OccurredAt = at, at.Add(-time.Hour)
		b := batchOf(r)
		insert(t, s, b)

		got, want := readStream(t, s, r.Stream)[0], at.UTC().Truncate(time.Microsecond)
		if !got.RecordedAt.Equal(want) || !got.OccurredAt.Equal(want.Add(-time.Hour)) {
			t.Errorf("got %v and %v, want %v", got.RecordedAt, got.OccurredAt, want)
		}
		if got.RecordedAt.Location() != time.UTC || got.OccurredAt.Location() != time.UTC {
			t.Errorf("got %v", got.RecordedAt.Location())
		}
		equal(t, got, b.Records[0])
	}
}

func insertNeverBackwards(t *testing.T, s store.Store) {
	a := account("a")
	insert(t, s, batchOf(event(a, 1)))

	behind, unset, ahead := event(a, 0), event(a, 0), event(a, 0)
	behind.RecordedAt, behind.OccurredAt = noon.Add(-time.Hour), noon.Add(-time.Hour)
	unset.RecordedAt, unset.OccurredAt = noon.Add(-time.Minute), time.Time{}
	ahead.RecordedAt, ahead.OccurredAt = noon.Add(time.Hour), time.Time{}
	insert(t, s, batchOf(behind, unset), batchOf(ahead))
	late := event(a, 0)
	late.OccurredAt = time.Time{}
	insert(t, s, batchOf(late))

	got := readStream(t, s, a)
	recorded, occurred := []time.Time{}, []time.Time{}
	for _, r := range got {
		recorded, occurred = append(recorded, r.RecordedAt), append(occurred, r.OccurredAt)
	}
	first, last := noon.Add(time.Second), noon.Add(time.Hour)
	equal(t, recorded, []time.Time{first, first, first, last, last})
	equal(t, occurred, []time.Time{first, noon.Add(-time.Hour), first, last, last})

	b, ahead, behind := account("b"), event(account("b"), 0), event(account("b"), 0)
	ahead.RecordedAt = noon.Add(time.Hour)
	insert(t, s, batchOf(ahead, behind))
	equal(t, readStream(t, s, b)[1].RecordedAt, ahead.RecordedAt)
}

func insertNastyIDs(t *testing.T, s store.Store) {
	ids := nastyIDs()
	if len(ids) < 300 {
		t.Fatalf("only %d ids", len(ids))
	}

	batch := &store.Batch{}
	for _, id := range ids {
		r := event(account(id), 1)
		r.Data = []byte(`{}`)
		batch.Records = append(batch.Records, r)
	}
	insert(t, s, batch)

	for i, id := range ids {
		got := readStream(t, s, account(id))
		if len(got) != 1 || got[0].EventID != batch.Records[i].EventID || got[0].Stream.ID != id {
			t.Fatalf("id %q: got %v", id, got)
		}
		if err := insertOne(t, s, batchOf(event(account(id), 1))); !errors.Is(err, store.ErrVersionTaken) {
			t.Fatalf("id %q: got %v", id, err)
		}
	}
}

// nastyIDs are strings that databases, drivers and URLs like to confuse, all
// different from each other.
func nastyIDs() []string {
	ids := []string{
		"é", "e\u0301", "É", "E\u0301", "ß", "ss", "ẞ", "ı", "i", "I", "İ", "ﬁ", "fi", "Å", "\u212b", "A\u030a",
		"a", "A", "a ", " a", "a\u00a0", "a\u200b", "\ufeffa", "0", "00", "0x0", "1e0", "1.0", "1", "+1", "-1",
		"NULL", "null", "nil", "true", "'", "''", `"`, `""`, "`", `\`, `\\`, `\'`, `\"`, "$1", "?", "?1", ":a", "@a", "%", "%s", "_",
		"/", "//", "a/b", "/a", "a/", "../a", ".", "..", "-", "--", "-- a", "-a", "--help", ";", "'; DROP TABLE event_entries; --",
		"\\x41", "\\u0041", "E'a'", "{}", "{a,b}", `{"a":1}`, "[1]", "(1)", "a,b", "a\tb", "a\nb", "a\r\nb", "<b>", "&amp;",
		"🙂", "👩‍👩‍👧", "🏳️‍🌈", "日本語", "עברית", "العربية", "\U0010ffff", "\ue000",
		strings.Repeat("x", 255), strings.Repeat("é", 127), strings.Repeat("🙂", 63), strings.Repeat("'", 255), strings.Repeat(`\`, 255),
	}
	pieces := []string{"é", "e\u0301", "'", `"`, `\`, "/", "-", "%", "🙂", "?", "$1", ";", "a", "A", " "}
	for _, x := range pieces {
		for _, y := range pieces {
			ids = append(ids, "<"+x+y+">")
		}
	}

	return ids
}

func insertPayloads(t *testing.T, s store.Store) {
	b := batchOf(event(account("a"), 1), event(account("a"), 2))
	b.Records[0].Data = []byte(`{ "b" : 9007199254740993, "a":1.0e+0,"a":"é\u00e9🙂\\\"", "z":0.1000 }`)
	b.Records[0].Meta = []byte(`{"user":"o'brien"}`)
	b.Records[1].Data = []byte(`{"big":"` + strings.Repeat("x", 1<<20) + `"}`)
	b.Records[1].SchemaVersion = 1<<31 - 1
	b.Records[1].EventID = uuid.Max
	insert(t, s, b)

	equal(t, readStream(t, s, account("a")), b.Records)
}
