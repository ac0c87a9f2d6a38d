package ireneo_test

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
)

// gap leaves out positions, as transactions do that are rolled back.
func gap(t testing.TB, log *ireneo.Log, positions int) {
	t.Helper()
	statement := fmt.Sprintf("SELECT setval('event_entries_position_seq', nextval('event_entries_position_seq') + %d)", positions)
	if log.DB().Name() == "sqlite" {
		statement = fmt.Sprintf("UPDATE sqlite_sequence SET seq = seq + (%d << 20) WHERE name = 'event_entries'", positions)
	}
	must(t, log.DB().Exec(statement).Error)
}

// randomLog appends this and that. The clock goes on, give or take half an hour.
func randomLog(t testing.TB, ctx context.Context, log *ireneo.Log, random *rand.Rand, now *clock) (all []ireneo.StoredEvent) {
	t.Helper()
	at := noon
	for range 150 {
		at = at.Add(time.Duration(random.IntN(40)) * time.Minute)
		now.Set(at.Add(-time.Duration(random.IntN(30)) * time.Minute))
		if random.IntN(40) == 0 {
			gap(t, log, random.IntN(50_000))
		}
		meta := ireneo.WithMeta(ctx, map[string]any{"actor": []string{"ana", "bob"}[random.IntN(2)]})
		if random.IntN(3) == 0 {
			meta = ireneo.WithMeta(meta, map[string]any{"correlation_id": "c" + fmt.Sprint(random.IntN(3)), "causation_id": "1"})
		}
		h := []*ireneo.Stream{Account, Journal}[random.IntN(2)].For([]string{"a", "ab", "b"}[random.IntN(3)])
		n := 1 + max(0, random.IntN(9)-5)
		if random.IntN(100) == 0 {
			n = 1100
		}
		var events []ireneo.AnyEvent
		for range n {
			switch random.IntN(3) {
			case 0:
				events = append(events, &Noted{Text: []string{"one", "two"}[random.IntN(2)]})
			case 1:
				events = append(events, &Opened{Owner: "Ana"})
			default:
				events = append(events, &Deposited{Amount: 1 + random.Int64N(100)})
			}
		}
		must(t, h.AppendAll(meta, events))
		for i, ev := range events {
			entry, err := ireneo.EntryOf(ev)
			must(t, err)
			all = append(all, ireneo.StoredEvent{Entry: entry, Event: ev, Ordinal: i + 1})
		}
	}
	return all
}

// wish is one part of a search, and what it should do.
type wish struct {
	ask  func(s *ireneo.Search)
	fits func(e ireneo.StoredEvent) bool
}

func condition(field, op, value string, fits func(e ireneo.StoredEvent) bool) wish {
	return wish{func(s *ireneo.Search) {
		s.Where = append(s.Where, ireneo.Condition{Field: field, Op: op, Value: value})
	}, fits}
}

func amount(e ireneo.StoredEvent) int64 {
	if d, ok := e.Event.(*Deposited); ok {
		return d.Amount
	}
	return 0
}

func metaOf(e ireneo.StoredEvent, key string) string { return e.Event.Meta().Get(key) }

var conditions = []wish{
	condition("amount", ">", "60", func(e ireneo.StoredEvent) bool { return amount(e) > 60 }),
	condition("amount", "!=", "7", func(e ireneo.StoredEvent) bool { return amount(e) != 7 }),
	condition("owner", "=", "Ana", func(ireneo.StoredEvent) bool { return false }),
	condition("owner", "~", "MASK", func(e ireneo.StoredEvent) bool { return e.Type == "account.opened" }),
	condition("meta.actor", "=", "ana", func(e ireneo.StoredEvent) bool { return metaOf(e, "actor") == "ana" }),
	condition("meta.correlation_id", "=", "c1", func(e ireneo.StoredEvent) bool { return metaOf(e, "correlation_id") == "c1" }),
	condition("meta.causation_id", "=", "1", func(e ireneo.StoredEvent) bool { return metaOf(e, "causation_id") == "1" }),
}

var contained = []wish{
	{func(s *ireneo.Search) { s.Text = "ON" }, func(e ireneo.StoredEvent) bool { n, ok := e.Event.(*Noted); return ok && n.Text == "one" }},
	{func(s *ireneo.Search) { s.Text = "ab" }, func(e ireneo.StoredEvent) bool { return strings.HasSuffix(e.Stream, "/ab") }},
}

// matches says whether a pattern matches, beginning anew.
func matches(pattern, name string) bool {
	if before, star := strings.CutSuffix(pattern, "*"); star {
		return strings.HasPrefix(name, before)
	}
	return name == pattern
}

func ofTypes(patterns []string) wish {
	return wish{func(s *ireneo.Search) { s.Types = patterns }, func(e ireneo.StoredEvent) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, e.Type) })
	}}
}

func ofStreams(patterns []string) wish {
	return wish{func(s *ireneo.Search) { s.Streams = patterns }, func(e ireneo.StoredEvent) bool {
		typ, _, _ := strings.Cut(e.Stream, "/")
		return slices.ContainsFunc(patterns, func(p string) bool {
			return strings.Contains(p, "/") && matches(p, e.Stream) || !strings.Contains(p, "/") && matches(p, typ)
		})
	}}
}

func some(random *rand.Rand, of ...string) []string {
	random.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	return of[:1+random.IntN(min(len(of), 3))]
}

// randomSearch is a search and what it should find of all, in the order of the log.
func randomSearch(random *rand.Rand, all []ireneo.StoredEvent) (ireneo.Search, []ireneo.StoredEvent) {
	var wishes []wish
	rarely := func(w wish) {
		if random.IntN(3) == 0 {
			wishes = append(wishes, w)
		}
	}
	rarely(ofTypes(some(random, "account.noted", "account.*", "account.d*", "nope", "account.opened")))
	rarely(ofStreams(some(random, "journal", "journal/*", "journal/a*", "journal/a", "journal/b", "acc*", "account/b", "account/ab", "*", "nope", "nope/a")))
	for range 2 {
		rarely(conditions[random.IntN(len(conditions))])
	}
	rarely(contained[random.IntN(len(contained))])
	from, to := all[random.IntN(len(all))], all[random.IntN(len(all))]
	rarely(wish{func(s *ireneo.Search) { s.From = from.RecordedAt }, func(e ireneo.StoredEvent) bool { return !e.RecordedAt.Before(from.RecordedAt) }})
	rarely(wish{func(s *ireneo.Search) { s.To = to.RecordedAt }, func(e ireneo.StoredEvent) bool { return !e.RecordedAt.After(to.RecordedAt) }})
	after, before := all[random.IntN(len(all))].Point(), all[random.IntN(len(all))].Point()
	rarely(wish{func(s *ireneo.Search) { s.After = after }, func(e ireneo.StoredEvent) bool { return compare(e.Point(), after) > 0 }})
	rarely(wish{func(s *ireneo.Search) { s.Before = before }, func(e ireneo.StoredEvent) bool { return compare(e.Point(), before) < 0 }})

	s, want := ireneo.Search{Oldest: random.IntN(2) == 0}, slices.Clone(all)
	if random.IntN(2) == 0 {
		s.Patience = 1
	}
	for _, w := range wishes {
		w.ask(&s)
		want = slices.DeleteFunc(want, func(e ireneo.StoredEvent) bool { return !w.fits(e) })
	}
	s.Limit = min(1+random.IntN(8)+random.IntN(1+len(want)/4), 1000)
	return s, want
}

func compare(a, b ireneo.Point) int {
	return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Ordinal, b.Ordinal))
}

// allPages searches page by page, and says how often it was stopped.
func allPages(t testing.TB, ctx context.Context, log *ireneo.Log, s ireneo.Search) (all []ireneo.StoredEvent, stops int) {
	t.Helper()
	for {
		found, err := log.Search(ctx, s)
		must(t, err)
		if len(found.Events) > s.Limit || found.More && (found.Stopped != nil || len(found.Events) != s.Limit) {
			t.Fatalf("%+v: %d events, more %t, stopped %v", s, len(found.Events), found.More, found.Stopped)
		}
		all = append(all, found.Events...)
		var next ireneo.Point
		switch {
		case found.More:
			next = found.Events[len(found.Events)-1].Point()
		case found.Stopped != nil:
			next = *found.Stopped
			stops++
		default:
			return all, stops
		}
		if s.Oldest {
			s.After = next
		} else {
			s.Before = next
		}
	}
}

// Whatever is searched for, and however impatiently, every event that fits comes on one of
// the pages, once and in its place.
func TestLog_Search_IsWhatAFilterFinds(t *testing.T) {
	now := &clock{}
	c := config()
	c.Clock = now.Now
	c.Streams = []*ireneo.Stream{{Type: "account", Purpose: "Money"}, Journal}
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		random := rand.New(rand.NewPCG(seed, 0))
		all := randomLog(t, ctx, log, random, now)
		searches, stopped := 50, 0
		if testing.Short() {
			searches = 10
		}
		for n := 0; n < searches || stopped == 0 && n < 1000; n++ { // until patience has ended once, too
			s, want := randomSearch(random, all)
			got, stops := allPages(t, ctx, log, s)
			stopped += stops
			if !s.Oldest {
				slices.Reverse(want)
			}
			if diff := gocmp.Diff(points(want), points(got)); diff != "" {
				t.Fatalf("%+v (-want +got):\n%s", s, diff)
			}
		}
		if stopped == 0 {
			t.Error("no search was ever stopped")
		}
	})
}

func points(events []ireneo.StoredEvent) []string {
	all := []string{}
	for _, e := range events {
		all = append(all, e.Point().String()+" "+e.Type)
	}
	return all
}
