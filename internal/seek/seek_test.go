package seek_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/seek"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "test.sqlite3"))
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	providers, err := s.Migrations(nil)
	must(t, err)
	must(t, store.Up(t.Context(), providers...))
	return s
}

// add appends some records at once to a stream.
func add(t testing.TB, s *sqlite.Store, stream string, at time.Time, n int) []store.Record {
	t.Helper()
	batch := &store.Batch{}
	for range n {
		batch.Records = append(batch.Records, store.Record{
			Stream: store.Stream{Type: "account", ID: stream}, EventID: uuid.New(), Type: "noted", SchemaVersion: 1,
			Data: []byte("{}"), Meta: []byte("{}"), RecordedAt: at,
		})
	}
	must(t, s.Insert(t.Context(), batch))
	return batch.Records
}

// gap leaves out positions.
func gap(t testing.TB, s *sqlite.Store, positions int) {
	t.Helper()
	must(t, s.DB().Exec("UPDATE sqlite_sequence SET seq = seq + (? << 20) WHERE name = 'event_entries'", positions).Error)
}

func pointOf(r store.Record) store.Point {
	return store.Point{Position: r.Position, Ordinal: r.Ordinal}
}

func compare(a, b store.Point) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Ordinal, b.Ordinal))
}

// pages looks again and again, from where it was stopped or has enough, and wants each of
// the steps to come further.
func pages(t *testing.T, s seek.Seek, chunk int, width int64) (all []store.Point, stops int) {
	t.Helper()
	for {
		found, stopped, err := seek.Run(t.Context(), s, chunk, width)
		must(t, err)
		for _, r := range found {
			all = append(all, pointOf(r))
		}
		var next store.Point
		switch {
		case len(found) > s.Limit || stopped != nil && len(found) == s.Limit:
			t.Fatalf("%d found, stopped at %v", len(found), stopped)
		case stopped != nil:
			next = *stopped
			stops++
		case len(found) == s.Limit:
			next = all[len(all)-1]
		default:
			return all, stops
		}
		for i := range s.Parts {
			from := &s.Parts[i].Before
			if s.Parts[i].Oldest {
				from = &s.Parts[i].After
			}
			if *from == next {
				t.Fatalf("it does not come further than %v", next)
			}
			*from = next
		}
	}
}

// However narrow the windows and however many the gaps, every record is met once.
func TestSeek_EveryRecordOnce(t *testing.T) {
	s := open(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var all []store.Record
	for range 60 {
		if random.IntN(3) == 0 {
			gap(t, s, random.IntN(20))
		}
		all = append(all, add(t, s, []string{"a", "ab", "b"}[random.IntN(3)], noon, 1+max(0, random.IntN(8)-5))...)
	}
	anywhere := func() store.Point {
		if random.IntN(2) == 0 {
			return store.Point{}
		}
		return store.Point{Position: random.Int64N(all[len(all)-1].Position + 10), Ordinal: random.IntN(3)}
	}
	stopped := 0
	for range 80 {
		base := store.Browse{After: anywhere(), Before: anywhere(), Oldest: random.IntN(2) == 0}
		look := seek.Seek{Log: s, Limit: 1 + random.IntN(6), Indexed: random.IntN(3) == 0}
		if random.IntN(2) == 0 {
			look.Until = time.Now().Add(time.Hour)
		}
		ids := [][]string{{"a"}, {"a", "b"}, {"a", "a", "ab"}, {""}}[random.IntN(4)]
		for _, id := range ids {
			part := base
			part.Stream = store.Stream{Type: "account", ID: id}
			look.Parts = append(look.Parts, part)
		}
		if random.IntN(2) == 0 {
			look.Fits = func(r *store.Record) bool { return r.Version%3 == 0 }
		}
		want := []store.Point(nil)
		for _, r := range all {
			p := pointOf(r)
			if (slices.Contains(ids, r.Stream.ID) || ids[0] == "") && compare(p, base.After) > 0 &&
				(base.Before == (store.Point{}) || compare(p, base.Before) < 0) && (look.Fits == nil || look.Fits(&r)) {
				want = append(want, p)
			}
		}
		if !base.Oldest {
			slices.Reverse(want)
		}
		got, stops := pages(t, look, 1+random.IntN(5), 2+random.Int64N(20))
		stopped += stops
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Fatalf("%+v (-want +got):\n%s", look, diff)
		}
	}
	if stopped == 0 {
		t.Error("nothing was ever stopped")
	}
}

// What is appended in the meantime is found by who goes upwards, and keeps nobody else.
func TestSeek_TheHeadMoves(t *testing.T) {
	s := open(t)
	for range 5 {
		add(t, s, "a", noon, 2)
	}
	more := 2
	look := seek.Seek{Log: s, Parts: []store.Browse{{Oldest: true}}, Limit: 100, Until: time.Now().Add(time.Hour)}
	look.Fits = func(r *store.Record) bool {
		if r.Ordinal == 1 && more > 0 {
			more--
			add(t, s, "b", noon, 1)
		}
		return true
	}
	found, stopped, err := seek.Run(t.Context(), look, 1, 2)
	must(t, err)
	if len(found) != 12 || stopped != nil {
		t.Errorf("upwards: %d found, stopped at %v", len(found), stopped)
	}
	more, look.Parts[0].Oldest = 2, false
	found, stopped, err = seek.Run(t.Context(), look, 1, 2)
	must(t, err)
	if len(found) != 12 || stopped != nil {
		t.Errorf("downwards: %d found, stopped at %v", len(found), stopped)
	}
}

func TestSeek_ContextEnds(t *testing.T) {
	s := open(t)
	for range 9 {
		add(t, s, "a", noon, 1)
	}
	ctx, cancel := context.WithCancel(t.Context())
	look := seek.Seek{Log: s, Parts: []store.Browse{{}}, Limit: 100, Until: time.Now().Add(time.Hour), Fits: func(*store.Record) bool {
		cancel()
		return true
	}}
	if found, stopped, err := seek.Run(ctx, look, 1, 2); err == nil || found != nil || stopped != nil {
		t.Errorf("got %v, %v, %v", found, stopped, err)
	}
}

func TestSeek_AnEmptyLog(t *testing.T) {
	s := open(t)
	for _, part := range []store.Browse{{}, {Oldest: true}, {Before: store.Point{Position: 9}}, {Oldest: true, After: store.Point{Position: 9}}} {
		if found, stopped, err := (seek.Seek{Log: s, Parts: []store.Browse{part}, Limit: 2}).Run(t.Context()); len(found) > 0 || stopped != nil || err != nil {
			t.Errorf("got %v, %v, %v", found, stopped, err)
		}
	}
	if after, before, err := seek.Between(t.Context(), s, noon, noon); after != (store.Point{}) || before != (store.Point{}) || err != nil {
		t.Errorf("got %v, %v, %v", after, before, err)
	}
	if first, last, err := seek.First(t.Context(), s, noon); first != 1 || last != 0 || err != nil {
		t.Errorf("got %d, %d, %v", first, last, err)
	}
}

// hourly is a log of one record an hour, with gaps, each in a stream of its own: within a
// stream no record is earlier than the one before.
func hourly(t *testing.T, hour func(i int) int) (s *sqlite.Store, all []store.Record) {
	t.Helper()
	s = open(t)
	for i := range 200 {
		if i%7 == 0 {
			gap(t, s, i)
		}
		all = append(all, add(t, s, fmt.Sprint(i), noon.Add(time.Duration(hour(i))*time.Hour), 1)...)
	}
	return s, all
}

func TestBetween(t *testing.T) {
	s, all := hourly(t, func(i int) int { return i })
	for from := -3; from < 203; from += 5 {
		for _, length := range []int{0, 1, 30} {
			begin, end := noon.Add(time.Duration(from)*time.Hour), noon.Add(time.Duration(from+length)*time.Hour)
			after, before, err := seek.Between(t.Context(), s, begin, end)
			must(t, err)
			within := []int{}
			for i, r := range all {
				if compare(pointOf(r), after) > 0 && (before == (store.Point{}) || compare(pointOf(r), before) < 0) {
					within = append(within, i)
				}
			}
			want := []int{} // an hour more on both sides
			for i := max(0, from-1); i <= min(from+length+1, len(all)-1); i++ {
				want = append(want, i)
			}
			if diff := gocmp.Diff(want, within); diff != "" {
				t.Fatalf("from %d, %d hours (-want +got):\n%s", from, length, diff)
			}
		}
	}
	if after, _, err := seek.Between(t.Context(), s, noon.Add(500*time.Hour), time.Time{}); after.Position != all[199].Position || err != nil {
		t.Errorf("after all is %v, %v", after, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if after, before, err := seek.Between(ended, s, noon, noon); err == nil || after != (store.Point{}) || before != (store.Point{}) {
		t.Errorf("got %v, %v, %v", after, before, err)
	}
}

func TestBetween_ClocksThatDiffer(t *testing.T) {
	for name, hour := range map[string]func(i int) int{
		"half of it again":    func(i int) int { return i - i/100*60 },
		"each other days off": func(i int) int { return i + i%2*100 },
		"backwards":           func(i int) int { return -i },
	} {
		s, all := hourly(t, hour)
		for i, r := range all {
			after, before, err := seek.Between(t.Context(), s, r.RecordedAt, r.RecordedAt)
			must(t, err)
			for j, other := range all {
				if hour(i) == hour(j) && (compare(pointOf(other), after) <= 0 || before != (store.Point{}) && compare(pointOf(other), before) >= 0) {
					t.Fatalf("%s: record %d of the hour %d is not between %v and %v", name, j, hour(i), after, before)
				}
			}
		}
	}
	s, all := hourly(t, func(i int) int { return i ^ 1 }) // as much as clocks may differ
	after, before, err := seek.Between(t.Context(), s, noon.Add(50*time.Hour), noon.Add(50*time.Hour))
	must(t, err)
	if after == (store.Point{}) || before == (store.Point{}) || after.Position >= all[50].Position || before.Position <= all[51].Position {
		t.Errorf("got %v, %v", after, before)
	}
}

func TestFirst(t *testing.T) {
	s, all := hourly(t, func(i int) int { return i })
	for i, r := range all {
		first, last, err := seek.First(t.Context(), s, r.RecordedAt)
		must(t, err)
		previous := int64(0)
		if i > 0 {
			previous = all[i-1].Position
		}
		if first <= previous || first > r.Position || last != all[199].Position {
			t.Fatalf("%d: first %d, last %d, want %d", i, first, last, r.Position)
		}
	}
	if first, last, err := seek.First(t.Context(), s, noon.Add(500*time.Hour)); first != last+1 || err != nil {
		t.Errorf("after all is %d of %d, %v", first, last, err)
	}
}
