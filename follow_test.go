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

func follow(t *testing.T, log *ireneo.Log, after int64, each func()) *following {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	f := &following{cancel, make(chan string, 10_000), make(chan error, 1)}
	go func() {
		var failed error
		for batch, err := range log.Follow(ctx, after) {
			if failed = err; err == nil {
				f.batches <- notesOf(batch)
			}
			each()
		}
		f.ended <- failed
	}()
	return f
}

func nothing() {}

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
		first, second := follow(t, log, 0, nothing), follow(t, log, 1, nothing) // S04: the same for everybody
		first.want(t, "one+two", "three")
		second.want(t, "three")
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
		f := follow(t, log, 0, nothing)
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
		slow := follow(t, log, 0, func() { once.Do(func() { <-gate }) })
		quick := follow(t, log, 0, nothing)
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
		for batch, err := range log.Follow(ctx, after) {
			if err != nil {
				t.Error(err)
				return got
			}
			got, after = append(got, notesOf(batch)), batch[0].Position()
			if len(got)%10 == 0 || len(got) == n {
				break
			}
		}
	}
	return got
}

func TestFollow_EndsWithAnErrorWhereTheLogIsGone(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		f := follow(t, log, 0, nothing)
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

// Whoever is behind the tail has to read on before it may follow, or it would miss what
// is between.
func TestFollow_JoinsTheTailOnlyWhereItHasNotPassed(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		f := follow(t, log, 0, nothing)
		deadline := time.Now().Add(10 * time.Second)
		for log.Joins(0) { // until f has come to the end of the log
			if time.Now().After(deadline) {
				t.Fatal("one who has read nothing may follow a tail that is ahead")
			}
			must(t, Journal.For("a").Append(ctx, &Noted{Text: "more"}))
			f.want(t, "more")
		}
		ev := &Noted{Text: "last"}
		must(t, Journal.For("a").Append(ctx, ev))
		f.want(t, "last")
		if !log.Joins(ev.Position()) {
			t.Error("one who has read everything may not follow")
		}
		f.end(t)
	})
}
