package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// notesOf are the texts of a batch.
func notesOf(batch []ireneo.AnyEvent) string {
	var texts []string
	for _, ev := range batch {
		if noted, ok := ev.(*Noted); ok {
			texts = append(texts, noted.Text)
		} else {
			texts = append(texts, ev.Type())
		}
	}
	return strings.Join(texts, "+")
}

func note(texts ...string) []ireneo.AnyEvent {
	var events []ireneo.AnyEvent
	for _, text := range texts {
		events = append(events, &Noted{Text: text})
	}
	return events
}

// following collects batches until it has as many as it waits for.
type following struct {
	cancel  context.CancelFunc
	batches chan string
	ended   chan error
}

func follow(t *testing.T, log *ireneo.Log, each func(), opts ...ireneo.FollowOption) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	f := &following{cancel, make(chan string, 10_000), make(chan error, 1)}
	go func() {
		var failed error
		for batch, err := range log.Follow(ctx, opts...) {
			if failed = err; err == nil {
				f.batches <- notesOf(batch.Events)
			}
			each()
		}
		f.ended <- failed
	}()
	return f
}

func nothing() {}

// live is the mark between what was there and what comes.
const live = ""

func (f *following) want(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-f.batches:
			if got != w {
				t.Fatalf("got %s, want %s", got, w)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s does not come", w)
		}
	}
}

// end stops the following, which must not have seen anything else.
func (f *following) end(t *testing.T) {
	t.Helper()
	f.cancel()
	if err := <-f.ended; err != nil {
		t.Error(err)
	}
	if len(f.batches) > 0 {
		t.Errorf("it saw %s too", <-f.batches)
	}
}

func TestS03_FollowGivesWholeBatchesInOrder(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").AppendAll(ctx, note("one", "two")))
		must(t, Journal.For("b").Append(ctx, &Noted{Text: "three"}))
		first, second := follow(t, log, nothing), follow(t, log, nothing, ireneo.After(1)) // S04: the same for everybody
		first.want(t, "one+two", "three", live)
		second.want(t, "three", live)
		must(t, Journal.For("a").AppendAll(ctx, note("four", "five")))
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		for _, f := range []*following{first, second} {
			f.want(t, "four+five", "account.deposited")
			f.end(t)
		}
	})
}

// S14, on both databases: what another process commits comes without being told of, and
// what a transaction of the host holds comes when it ends (F20), or never (S05).
func TestS14_FollowSeesWhatOthersCommit(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		f := follow(t, log, nothing)
		f.want(t, live)
		other := ireneo.WithLog(ctx, sibling(t, log, config()))
		must(t, Journal.For("a").Append(other, &Noted{Text: "from elsewhere"}))
		f.want(t, "from elsewhere")

		undone := errors.New("undone")
		err := log.DB().Transaction(func(tx *gorm.DB) error {
			return errors.Join(Journal.For("a").AppendTx(ctx, tx, &Noted{Text: "never"}), undone)
		})
		wantError(t, err, undone)
		must(t, log.DB().Transaction(func(tx *gorm.DB) error {
			return Journal.For("a").AppendTx(ctx, tx, &Noted{Text: "from a transaction"})
		}))
		f.want(t, "from a transaction")
		wantError(t, Account.For("a").Append(ctx, &Withdrawn{Amount: 13}), ireneo.ErrInvalid)
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "last"}))
		f.want(t, "last")
		f.end(t)
	})
}

// X04: one who is slow misses nothing, and delays nobody (S06).
func TestX04_ASlowFollowerCatchesUpFromTheLog(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		gate := make(chan struct{})
		var once sync.Once
		slow := follow(t, log, func() { once.Do(func() { <-gate }) })
		quick := follow(t, log, nothing)
		slow.want(t, live)
		quick.want(t, live)
		var want []string
		for n := range 600 { // more than may wait for one follower
			text := fmt.Sprint(n)
			want = append(want, text)
			must(t, Journal.For("a").Append(ctx, &Noted{Text: text}))
		}
		quick.want(t, want...)
		close(gate)
		slow.want(t, want...)
		slow.end(t)
		quick.end(t)
	})
}

// S01 and S04 together: many append and several follow, who come and go; each sees all
// there is from where it began, once and in the same order.
func TestS04_FollowersSeeTheSameUnderConcurrentAppends(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		const writers, appends = 8, 25
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for n := range appends {
					must(t, Journal.For(fmt.Sprint(w)).AppendAll(ctx, note(fmt.Sprint(w), fmt.Sprint(n))))
				}
			})
		}
		seen := make([][]string, 4)
		for i := range seen {
			group.Go(func() { seen[i] = take(t, ctx, log, writers*appends) })
		}
		group.Wait()
		for i, got := range seen {
			if !slices.Equal(got, seen[0]) || len(slices.Compact(slices.Sorted(slices.Values(got)))) != writers*appends {
				t.Errorf("follower %d saw %d batches, others than the first one did", i, len(got))
			}
		}
	})
}

// take follows the log in short stretches until it has so many batches.
func take(t *testing.T, ctx context.Context, log *ireneo.Log, n int) (got []string) {
	after := int64(0)
	for len(got) < n {
		for batch, err := range log.Follow(ctx, ireneo.After(after)) {
			if err != nil {
				t.Error(err)
				return got
			}
			if len(batch.Events) == 0 {
				continue
			}
			got, after = append(got, notesOf(batch.Events)), batch.Position
			if len(got)%10 == 0 || len(got) == n {
				break
			}
		}
	}
	return got
}

func TestFollow_EndsWithAnErrorWhereTheLogIsGone(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		f := follow(t, log, nothing)
		f.want(t, live)
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "one"}))
		f.want(t, "one")
		must(t, log.DB().Exec("DROP TABLE event_entries").Error)
		select {
		case err := <-f.ended:
			wantError(t, err, ireneo.ErrNotMigrated)
		case <-time.After(10 * time.Second):
			t.Error("it goes on without a log")
		}
	})
}

// X02 and S02: where to begin.
func TestX02_FollowFromAnywhere(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for _, texts := range [][]string{{"one", "two"}, {"three"}, {"four", "five"}} {
			must(t, Journal.For("a").AppendAll(ctx, note(texts...)))
		}
		second := collect(t, ctx, Journal.For("a"))[2].Position()
		for name, tt := range map[string]struct {
			opts []ireneo.FollowOption
			want []string
		}{
			"all":             {nil, []string{"one+two", "three", "four+five", live}},
			"after":           {[]ireneo.FollowOption{ireneo.After(second)}, []string{"four+five", live}},
			"after the end":   {[]ireneo.FollowOption{ireneo.After(second + 1)}, []string{live}},
			"new":             {[]ireneo.FollowOption{ireneo.OnlyNew()}, []string{live}},
			"last none":       {[]ireneo.FollowOption{ireneo.Last(0)}, []string{live}},
			"last two":        {[]ireneo.FollowOption{ireneo.Last(2)}, []string{"four+five", live}},
			"last three":      {[]ireneo.FollowOption{ireneo.Last(3)}, []string{"three", "four+five", live}},
			"last of many":    {[]ireneo.FollowOption{ireneo.Last(99)}, []string{"one+two", "three", "four+five", live}},
			"last that match": {[]ireneo.FollowOption{ireneo.Last(1), ireneo.Matching(textIs("two"))}, []string{"two", live}},
		} {
			t.Run(name, func(t *testing.T) {
				f := follow(t, log, nothing, tt.opts...)
				f.want(t, tt.want...)
				f.end(t)
			})
		}
		f := follow(t, log, nothing, ireneo.OnlyNew())
		f.want(t, live)
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "six"}))
		f.want(t, "six")
		f.end(t)
	})
}

func textIs(text string) ireneo.Filter { return ireneo.Filter{Data: map[string]any{"text": text}} }

// S02 where positions settle late: what is committed is not new, though what it waits for is.
func TestS02_OnlyNewLeavesOutWhatIsCommittedBehindAnOpenTransaction(t *testing.T) {
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "old"}))
		tx := log.DB().Begin()
		must(t, Journal.For("b").AppendTx(ctx, tx, &Noted{Text: "open"}))
		must(t, Journal.For("c").Append(ctx, &Noted{Text: "behind"}))
		f := follow(t, log, nothing, ireneo.OnlyNew())
		f.want(t, live)
		must(t, Journal.For("c").Append(ctx, &Noted{Text: "new"}))
		must(t, tx.Commit().Error)
		f.want(t, "open", "new")
		f.end(t)
	})
}

// Whoever wants the last few is handed what is committed below them later, too.
func TestX02_LastMissesNothingThatIsCommittedLate(t *testing.T) {
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "old"}))
		tx := log.DB().Begin()
		must(t, Journal.For("b").AppendTx(ctx, tx, &Noted{Text: "open"}))
		noteEach(t, ctx, "c", "before", "last")
		f := follow(t, log, nothing, ireneo.Last(1))
		f.want(t, live)
		must(t, tx.Commit().Error)
		f.want(t, "open", "last")
		f.end(t)
	})
}

// S02: whoever reads at a position and follows after it sees everything.
func TestS02_PositionIsSettled(t *testing.T) {
	want := func(t *testing.T, ctx context.Context, log *ireneo.Log, want int64) {
		t.Helper()
		if got, err := log.Position(ctx); err != nil || got != want {
			t.Errorf("got position %d, %v, want %d", got, err, want)
		}
	}
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		want(t, ctx, log, 0)
		must(t, Journal.For("a").AppendAll(ctx, note("one", "two")))
		want(t, ctx, log, 1)
	})
	postgresOnly(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "old"}))
		tx := log.DB().Begin()
		must(t, Journal.For("b").AppendTx(ctx, tx, &Noted{Text: "open"}))
		must(t, Journal.For("c").Append(ctx, &Noted{Text: "behind"}))
		want(t, ctx, log, 1)
		must(t, tx.Commit().Error)
		want(t, ctx, log, 3)
	})
}

// S03: a mixed batch comes as one filtered batch, one without a match not at all. S16 and
// X09: what a filter selects.
func TestS16_FollowSelects(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		asked := ireneo.WithMeta(ctx, map[string]string{"user": "7"})
		must(t, Journal.For("a").AppendAll(asked, append(note("one", "two"), &Deposited{Amount: 5})))
		must(t, Account.For("a/1").Append(ctx, &Deposited{Amount: 7}))
		must(t, Account.For("b").Append(ctx, &Opened{Owner: "me"}))
		type filters = []ireneo.Filter
		for name, tt := range map[string]struct {
			filters filters
			want    []string
		}{
			"none":                  {nil, []string{"one+two+account.deposited", "account.deposited", "account.opened"}},
			"everything":            {filters{{}}, []string{"one+two+account.deposited", "account.deposited", "account.opened"}},
			"no type":               {filters{{Types: []string{}}}, nil},
			"no stream":             {filters{{Streams: []string{}}}, nil},
			"type":                  {filters{{Types: []string{"account.noted"}}}, []string{"one+two"}},
			"pattern twice":         {filters{{Types: []string{"account.d*", "account.dep*"}}}, []string{"account.deposited", "account.deposited"}},
			"descendants":           {filters{{Types: []string{"account.*"}, Streams: []string{"acc*"}}}, []string{"account.deposited", "account.opened"}},
			"stream":                {filters{{Streams: []string{"journal"}}}, []string{"one+two+account.deposited"}},
			"one stream":            {filters{{Streams: []string{"account/a/1"}}}, []string{"account.deposited"}},
			"streams":               {filters{{Streams: []string{"account/a*", "account/b"}}}, []string{"account.deposited", "account.opened"}},
			"begins with all of it": {filters{{Streams: []string{"account/b*"}}}, []string{"account.opened"}},
			"type and data":         {filters{{Types: []string{"account.deposited"}, Data: map[string]any{"amount": 7.0}}}, []string{"account.deposited"}},
			"or":                    {filters{textIs("one"), {Data: map[string]any{"amount": 5}}, textIs("one")}, []string{"one+account.deposited"}},
			"meta":                  {filters{{Meta: map[string]any{"user": "7"}}}, []string{"one+two+account.deposited"}},
			"other meta":            {filters{{Meta: map[string]any{"user": "8"}}}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				f := follow(t, log, nothing, ireneo.Matching(tt.filters...))
				f.want(t, append(tt.want, live)...)
				f.end(t)
			})
		}
	})
}

func TestFollow_FiltersThatAreNotUnderstood(t *testing.T) {
	log := ireneotest.SQLite(t, config())
	for _, tt := range []struct {
		filter ireneo.Filter
		want   error
	}{
		{ireneo.Filter{Types: []string{"account.depositd"}}, ireneo.ErrUnknownEvent},
		{ireneo.Filter{Types: []string{""}}, ireneo.ErrInvalidFilter},
		{ireneo.Filter{Types: []string{"*.deposited"}}, ireneo.ErrInvalidFilter},
		{ireneo.Filter{Streams: []string{"a[b]"}}, ireneo.ErrInvalidFilter},
		{ireneo.Filter{Streams: []string{"acount"}}, ireneo.ErrUnknownStream},
		{ireneo.Filter{Streams: []string{"acount/1*"}}, ireneo.ErrUnknownStream},
		{ireneo.Filter{Streams: []string{"account/ "}}, ireneo.ErrInvalidID},
	} {
		for _, err := range log.Follow(t.Context(), ireneo.Matching(tt.filter)) {
			wantError(t, err, tt.want)
		}
	}
}

// S07: whoever has left is handed nothing more, in whichever way and however often it left.
func TestS07_WhoeverLeavesIsHandedNothing(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		stays := follow(t, log, nothing)
		stays.want(t, live)
		cancels := follow(t, log, nothing)
		cancels.want(t, live)
		cancels.cancel()
		cancels.end(t)
		breaks := 0
		for batch, err := range log.Follow(ctx) {
			must(t, err)
			if breaks++; len(batch.Events) == 0 {
				break
			}
		}
		noteEach(t, ctx, "a", "one", "two")
		stays.want(t, "one", "two")
		if breaks != 1 || len(cancels.batches) > 0 {
			t.Errorf("%d batches before it left, %d after that", breaks, len(cancels.batches))
		}
		stays.end(t)
	})
}

// X09: a pattern matches what is below it, not itself; what two patterns match comes once.
func TestX09_Patterns(t *testing.T) {
	wide := &ireneo.Stream{Type: "account.savings", Purpose: "Money put aside"}
	each(t, with([]*ireneo.Stream{wide}), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		must(t, wide.For("a").Append(ctx, &Noted{Text: "below"}))
		must(t, Journal.For("a").Append(ctx, &Noted{Text: "beside"}))
		for pattern, want := range map[string][]string{
			"account.*":           {"below"},
			"account*":            {"account.deposited", "below"},
			"account":             {"account.deposited"},
			"account.savings":     {"below"},
			"account.savings/*":   {"below"},
			"account.savings.*":   nil,
			"*":                   {"account.deposited", "below", "beside"},
			"account*,account.*":  {"account.deposited", "below"},
			"journal,account/a,*": {"account.deposited", "below", "beside"},
		} {
			f := follow(t, log, nothing, ireneo.Matching(ireneo.Filter{Streams: strings.Split(pattern, ",")}))
			f.want(t, append(want, live)...)
			f.end(t)
		}
	})
}
