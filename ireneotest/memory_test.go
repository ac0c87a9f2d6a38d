package ireneotest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

var noon = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

// What is in memory answers as a database does, whatever is written and asked.
func TestMemory_AnswersAsADatabase(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 2 {
		stores := both(t)
		r := &chance{random, map[store.Stream]int64{}}
		for range 30 {
			insertBoth(t, r, stores)
		}
		for range 200 {
			q, page := r.query(), r.browse()
			same(t, q, func(s store.Store) []store.Record { return read(t, s, q) }, stores)
			same(t, page, func(s store.Store) []store.Record {
				found, err := s.Browse(t.Context(), page)
				if err != nil {
					t.Fatalf("%+v: %v", page, err)
				}
				return found
			}, stores)
		}
		for _, last := range read(t, stores[1], store.Query{Order: store.ByPosition}) {
			rest := store.Query{Stream: last.Stream, After: &store.Place{OccurredAt: last.OccurredAt, Version: last.Version}}
			same(t, rest, func(s store.Store) []store.Record { return read(t, s, rest) }, stores)
		}
	}
}

// both are a store in memory and a database.
func both(t *testing.T) [2]store.Store {
	t.Helper()
	st, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.sqlite3"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	providers, err := st.Migrations(nil)
	if err == nil {
		err = store.Up(t.Context(), providers...)
	}
	m, memoryErr := newMemory()
	if err := errors.Join(err, memoryErr); err != nil {
		t.Fatal(err)
	}
	return [2]store.Store{m, st}
}

// insertBoth inserts the same batch into both, and compares what came of it.
func insertBoth(t *testing.T, r *chance, stores [2]store.Store) {
	t.Helper()
	b := r.batch()
	var batches [2]*store.Batch
	var errs [2]error
	for i, s := range stores {
		own := *b
		own.Records = slices.Clone(b.Records)
		if b.Execution != nil {
			execution := *b.Execution
			own.Execution = &execution
		}
		batches[i], errs[i] = &own, s.Insert(t.Context(), &own)
	}
	if got, want := kind(errs[0]), kind(errs[1]); got != want {
		t.Fatalf("the batch %+v is %v in memory (%v), %v in a database (%v)", b, got, errs[0], want, errs[1])
	}
	if errs[0] != nil {
		return
	}
	for _, stored := range batches[0].Records {
		r.last[stored.Stream] = max(r.last[stored.Stream], stored.Version)
	}
	if diff := cmp.Diff(batches[1].Records, batches[0].Records); diff != "" {
		t.Fatalf("what was stored of %+v differs (-database +memory):\n%s", b, diff)
	}
	if b.Execution != nil && batches[0].Execution.Position != batches[1].Execution.Position {
		t.Fatalf("an execution is at %d in memory, at %d in a database", batches[0].Execution.Position, batches[1].Execution.Position)
	}
}

var errUnless = errors.New("a guard found something")

// kind is what went wrong. Where more than one thing is taken, any of them may be named.
func kind(err error) string {
	moved := (*store.MovedError)(nil)
	switch {
	case err == nil:
		return "fine"
	case errors.As(err, &moved):
		return moved.Error()
	case errors.Is(err, errUnless):
		return "refused"
	case errors.Is(err, store.ErrEventTaken), errors.Is(err, store.ErrVersionTaken), errors.Is(err, store.ErrKeyTaken):
		return "taken"
	}
	return "something else"
}

// What is taken is called by its name.
func TestMemory_Taken(t *testing.T) {
	a, b := store.Stream{Type: "a", ID: "1"}, store.Stream{Type: "a", ID: "2"}
	first := store.Record{Stream: a, Version: 1, EventID: uuid.New(), IdempotencyKey: "k"}
	for want, rec := range map[error]store.Record{
		store.ErrVersionTaken: {Stream: a, Version: 1, EventID: uuid.New()},
		store.ErrEventTaken:   {Stream: b, Version: 1, EventID: first.EventID},
		store.ErrKeyTaken:     {Stream: a, Version: 2, EventID: uuid.New(), IdempotencyKey: "k"},
	} {
		for _, s := range both(t) {
			var errs []error
			for _, r := range []store.Record{first, rec} {
				r.Type, r.SchemaVersion, r.Data, r.Meta, r.RecordedAt, r.OccurredAt = "x", 1, []byte("{}"), []byte("{}"), noon, noon
				errs = append(errs, s.Insert(t.Context(), &store.Batch{Records: []store.Record{r}}))
			}
			if errs[0] != nil || !errors.Is(errs[1], want) {
				t.Errorf("%T: got %v, want %v", s, errs, want)
			}
		}
	}
}

func read(t *testing.T, s store.Store, q store.Query) (all []store.Record) {
	t.Helper()
	for r, err := range s.Read(t.Context(), q) {
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		all = append(all, r)
	}
	return all
}

func same(t *testing.T, asked any, ask func(store.Store) []store.Record, stores [2]store.Store) {
	t.Helper()
	if diff := cmp.Diff(ask(stores[1]), ask(stores[0])); diff != "" {
		t.Fatalf("what %+v finds differs (-database +memory):\n%s", asked, diff)
	}
}

// chance makes batches and queries about a few streams, such that many of them meet.
type chance struct {
	*rand.Rand
	last map[store.Stream]int64 // versions that were stored: no log has them in another order than that of positions
}

func (r *chance) maybe() bool { return r.IntN(3) == 0 }

func (r *chance) stream() store.Stream {
	return store.Stream{Type: []string{"a", "b"}[r.IntN(2)], ID: []string{"1", "11", "2"}[r.IntN(3)]}
}

func (r *chance) types() []string { return [][]string{nil, {}, {"x"}, {"x", "y"}}[r.IntN(4)] }

func (r *chance) moment() time.Time { return noon.Add(time.Duration(r.IntN(5)) * time.Second) }

func (r *chance) eventID() uuid.UUID { return uuid.UUID{15: byte(r.IntN(200))} }

func (r *chance) batch() *store.Batch {
	b := &store.Batch{}
	next := map[store.Stream]int64{}
	for range 1 + r.IntN(3) {
		rec := store.Record{
			Stream: r.stream(), EventID: r.eventID(), Type: []string{"x", "y", "z"}[r.IntN(3)], SchemaVersion: 1,
			Data: []byte(`{"a":1}`), Meta: []byte(`{}`), RecordedAt: r.moment(),
		}
		if r.maybe() {
			rec.OccurredAt = r.moment()
		}
		if r.maybe() {
			rec.IdempotencyKey = fmt.Sprint(r.IntN(3))
		}
		b.Records = append(b.Records, rec)
	}
	if r.maybe() {
		b.Execution = &store.Execution{ID: uuid.NewString(), Outcome: store.Committed, StartedAt: noon}
	}
	if r.maybe() { // guarded batches have versions
		b.Guard = &store.Guard{Streams: []store.At{{Stream: store.Stream{Type: "c", ID: "1"}, Version: r.Int64N(2)}}}
		if r.maybe() {
			b.Guard.Unless = func(context.Context, *gorm.DB) error { return errUnless }
		}
		for i := range b.Records {
			rec := &b.Records[i]
			if next[rec.Stream] == 0 {
				next[rec.Stream] = max(1, r.last[rec.Stream]-1+r.Int64N(3)) // taken, or the next
			}
			rec.Version, rec.OccurredAt = next[rec.Stream], rec.RecordedAt
			next[rec.Stream]++
		}
	}
	return b
}

func (r *chance) query() (q store.Query) {
	if r.maybe() {
		for range r.IntN(4) {
			at := store.At{Stream: r.stream(), Version: r.Int64N(3)}
			if !slices.ContainsFunc(q.Several, func(other store.At) bool { return other.Stream == at.Stream }) {
				q.Several = append(q.Several, at)
			}
		}
		q.Order = []store.Order{store.ByOccurrence, store.ByPosition}[r.IntN(2)]
	}
	if q.Several == nil {
		q.Order = []store.Order{store.ByOccurrence, store.ByVersion, store.ByPosition, store.NewestFirst, store.LastFirst}[r.IntN(5)]
		q.Stream = r.stream()
	}
	if r.maybe() {
		q.UpToPosition = 1 + r.Int64N(30)
	}
	if r.maybe() {
		q.RecordedUntil = r.moment()
	}
	if r.maybe() {
		q.OccurredUntil = r.moment()
	}
	if q.Several != nil {
		return q
	}
	if r.maybe() {
		q.Limit = 1 + r.IntN(4)
	}
	q.Types = r.types()
	switch q.Order {
	case store.ByPosition:
		q.AfterPosition = r.Int64N(30)
	case store.ByOccurrence:
		q.After = []*store.Place{nil, {OccurredAt: r.moment(), Version: r.Int64N(6)}}[r.IntN(2)]
	}
	switch r.IntN(5) {
	case 0:
		q.AfterVersion, q.UpToVersion = r.Int64N(3), 1+r.Int64N(6)
	case 1:
		q.IdempotencyKey = fmt.Sprint(r.IntN(3))
	}
	return q
}

func (r *chance) browse() store.Browse {
	q := store.Browse{Types: r.types(), Oldest: r.maybe(), Limit: r.IntN(8)}
	if r.maybe() {
		q.Stream, q.Prefix = r.stream(), r.maybe()
	}
	if r.maybe() {
		q.Stream.ID = ""
	}
	if r.maybe() {
		q.After = store.Point{Position: r.Int64N(30), Ordinal: r.IntN(4)}
	}
	if r.maybe() {
		q.Before = store.Point{Position: r.Int64N(30), Ordinal: r.IntN(4)}
	}
	if r.maybe() {
		q.RecordedFrom = r.moment()
	}
	if r.maybe() {
		q.RecordedUntil = r.moment()
	}
	return q
}

// One event is found by its id alone.
func TestMemory_EventID(t *testing.T) {
	stores, id := both(t), uuid.New()
	b := (&chance{Rand: rand.New(rand.NewPCG(1, 0))}).batch()
	b.Records, b.Guard = b.Records[:1], nil
	b.Records[0].EventID = id
	for _, s := range stores {
		if err := s.Insert(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if got := read(t, s, store.Query{EventID: id}); len(got) != 1 {
			t.Errorf("got %v", got)
		}
		if got := read(t, s, store.Query{EventID: uuid.New()}); got != nil {
			t.Errorf("got %v for another id", got)
		}
	}
}
