package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// holding is a store whose Inserts wait until the test lets them go on.
type holding struct {
	store.Store
	arrived chan bool  // an Insert waits
	lots    chan error // what becomes of the next one; closed: of all, the database answers
}

func (s *holding) Insert(ctx context.Context, batches ...*store.Batch) error {
	s.arrived <- true
	err := <-s.lots
	if errors.Is(err, store.ErrOutcomeUnknown) { // it is the answer that is lost
		return errors.Join(err, s.Store.Insert(ctx, batches...))
	}
	if err != nil {
		return err
	}
	return s.Store.Insert(ctx, batches...)
}

// held opens a second log on the database whose Inserts wait, as those of another process.
func held(t *testing.T, log *ireneo.Log, c ireneo.Config) (*holding, context.Context) {
	t.Helper()
	s := &holding{Store: ireneo.StoreOf(log), arrived: make(chan bool, 1000), lots: make(chan error, 1000)}
	other, err := ireneo.Open(s, c)
	must(t, err)
	return s, ireneo.WithLog(t.Context(), other)
}

// occupy has all who may write at the same time wait, so that whoever comes gathers.
func (s *holding) occupy(t *testing.T, ctx context.Context) (done func()) {
	t.Helper()
	var all sync.WaitGroup
	for i := range s.Writers() {
		all.Go(func() {
			if err := Journal.For(fmt.Sprint("occupied", i)).Append(ctx, &Noted{}); err != nil {
				t.Error(err)
			}
		})
		<-s.arrived
	}
	return all.Wait
}

// appended is what becomes of an append in the background.
func appended(ctx context.Context, h *ireneo.Handle, ev ireneo.AnyEvent, opts ...ireneo.AppendOption) <-chan error {
	done := make(chan error, 1)
	go func() { done <- h.Append(ctx, ev, opts...) }()
	return done
}

// heardStream is a stream that says which amounts its consistency projection has met.
func heardStream(amounts chan<- int64) *ireneo.Stream {
	position := ireneo.NewProjection("heard_position",
		ireneo.On(func(p *Position, e *Deposited, _ time.Time) { p.Balance += e.Amount; amounts <- e.Amount }),
		ireneo.On(func(p *Position, e *Withdrawn, _ time.Time) { p.Balance -= e.Amount; amounts <- -e.Amount }))
	return &ireneo.Stream{Type: "heard", Purpose: "Says what it decides on", Consistency: position}
}

// await reads amounts until one comes.
func await(amounts <-chan int64, want int64) {
	for got := range amounts {
		if got == want {
			return
		}
	}
}

// behind is what comes after an append that is held up on its way into the log.
type behind struct {
	*holding
	account *ireneo.Handle
	at      context.Context // of the process whose inserts wait
	amounts chan int64      // that this process has decided on
	first   <-chan error    // the answer to what is held up
}

// eachBehind runs a test on both databases, where an account has a balance, and a first
// withdrawal, or a deposit where it is above zero, is held up on its way to it.
func eachBehind(t *testing.T, balance, first int64, run func(t *testing.T, ctx context.Context, b behind)) {
	t.Helper()
	amounts := make(chan int64, 1000)
	stream := heardStream(amounts)
	c := with([]*ireneo.Stream{stream})
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		b := behind{account: stream.For("a"), amounts: amounts}
		must(t, b.account.Append(ctx, &Deposited{Amount: balance}))
		b.holding, b.at = held(t, log, c)
		if first < 0 {
			b.first = b.append(&Withdrawn{Amount: -first})
		} else {
			b.first = b.append(&Deposited{Amount: first})
		}
		<-b.arrived
		for len(amounts) > 0 { // what was decided before, and on the other database
			<-amounts
		}
		run(t, ctx, b)
	})
}

func (b behind) append(ev ireneo.AnyEvent) <-chan error { return appended(b.at, b.account, ev) }

// However many want it at the same moment, no more is withdrawn than there is, and no less.
func TestF03_CompetingWithdrawalsTakeWhatThereIs(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("hot")
		must(t, a.Append(ctx, &Deposited{Amount: 100}))
		var accepted atomic.Int64
		var all sync.WaitGroup
		for range 32 {
			all.Go(func() {
				ev := &Withdrawn{Amount: 7}
				switch err := a.Append(ctx, ev); {
				case err == nil:
					accepted.Add(1)
				case !errors.Is(err, ireneo.ErrInvalid) || ev.Persisted():
					t.Error(err)
				}
			})
		}
		all.Wait()
		if accepted.Load() != 14 {
			t.Errorf("of 100, 7 were withdrawn %d times", accepted.Load())
		}
		wantVersion(t, ctx, a, 15)
		wantBalance(t, ctx, "hot", 2)
		assertSameAsReplay(t, ctx, a)
	})
}

func TestF10_AHotStreamHasNoConflicts(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		hot, noted := Account.For("hot"), Journal.For("hot")
		var all sync.WaitGroup
		for i := range 32 {
			all.Go(func() {
				for range 4 {
					if err := hot.AppendAll(ctx, []ireneo.AnyEvent{&Deposited{Amount: 3}, &Withdrawn{Amount: 2}}); err != nil {
						t.Error(err)
					}
					if err := noted.Append(ctx, &Noted{Text: fmt.Sprint(i)}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		wantBalance(t, ctx, "hot", 128)
		assertSameAsReplay(t, ctx, hot)
		for h, want := range map[*ireneo.Handle]int64{hot: 256, noted: 128} {
			for i, ev := range collect(t, ctx, h) {
				if ev.Version() != int64(i+1) {
					t.Fatalf("event %d of %s has version %d", i+1, h.Type(), ev.Version())
				}
			}
			wantVersion(t, ctx, h, want)
		}
	})
}

// What is refused because of something that is on its way is decided again where that fails.
func TestF03_ARefusalRestsOnWhatIsCommitted(t *testing.T) {
	eachBehind(t, 10, -9, func(t *testing.T, _ context.Context, b behind) {
		second := &Withdrawn{Amount: 10}
		done := b.append(second)
		await(b.amounts, -10) // on a balance of one
		b.lots <- store.ErrBusy
		close(b.lots)
		wantError(t, <-b.first, store.ErrBusy)
		must(t, <-done)
		if second.Version() != 2 {
			t.Errorf("it has version %d", second.Version())
		}
	})
}

// What was accepted because of something that is on its way is decided again where that fails,
// also where somebody else takes its place.
func TestF03_NothingRestsOnWhatWasNotCommitted(t *testing.T) {
	eachBehind(t, 10, 90, func(t *testing.T, ctx context.Context, b behind) {
		second := b.append(&Withdrawn{Amount: 50})
		await(b.amounts, -50)
		must(t, b.account.Append(ctx, &Deposited{Amount: 1})) // by another process
		b.lots <- store.ErrBusy
		close(b.lots)
		wantError(t, <-b.first, store.ErrBusy)
		wantError(t, <-second, ireneo.ErrInvalid)
		wantVersion(t, ctx, b.account, 2)
	})
}

// What belongs between events finds there also what is on its way.
func TestF05_ARetroactiveEventWaitsForWhatIsOnItsWay(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		a := Account.For("a")
		must(t, a.Append(ctx, &Deposited{Amount: 10}, ireneo.At(noon)))
		s, at := held(t, log, config())
		first := appended(at, a, &Deposited{Amount: 90}, ireneo.At(noon.Add(2*time.Hour)))
		<-s.arrived
		second := appended(at, a, &Withdrawn{Amount: 5}, ireneo.At(noon.Add(time.Hour)))
		must(t, Account.For("b").Append(ctx, &Deposited{Amount: 1})) // takes its time
		close(s.lots)
		must(t, <-first)
		must(t, <-second)
		wantBalance(t, ctx, "a", 95)
		assertSameAsReplay(t, ctx, a)
	})
}

// A refusal is decided when all before are done with, also where one of them has left.
func TestF10_WhoLeavesMakesNobodyConflict(t *testing.T) {
	eachBehind(t, 20, -20, func(t *testing.T, ctx context.Context, b behind) {
		leaving, leave := context.WithCancel(b.at)
		gone := &Deposited{Amount: 5}
		left := appended(leaving, b.account, gone)
		await(b.amounts, 5)
		third := b.append(&Withdrawn{Amount: 19})
		await(b.amounts, -19)
		leave()
		wantError(t, <-left, context.Canceled)
		close(b.lots)
		must(t, <-b.first)
		wantError(t, <-third, ireneo.ErrInvalid)
		if gone.Persisted() {
			t.Error("an event that was never sent says that it is stored")
		}
		must(t, b.account.Append(ctx, gone))
		wantVersion(t, ctx, b.account, 3)
	})
}

// Waiting for others ends when the caller wants it to, and leaves the others alone.
func TestAppend_WaitingForOthersMayEnd(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		for _, stream := range []*ireneo.Stream{Account, Journal} {
			h := stream.For("a")
			s, at := held(t, log, config())
			first := appended(at, h, &Deposited{Amount: 1})
			<-s.arrived
			leaving, leave := context.WithCancelCause(at)
			second := appended(leaving, h, &Deposited{Amount: 2})
			third := appended(at, h, &Deposited{Amount: 4})
			leave(errHost)
			wantError(t, <-second, errHost)
			close(s.lots)
			must(t, <-first)
			must(t, <-third)
			wantVersion(t, ctx, h, 2)
		}
		wantBalance(t, ctx, "a", 5)
	})
}

// Who is in a group whose answer was lost asks until it is told what became of it: that the
// database is busy then says nothing.
func TestAppend_WhatAGroupHasLostIsFound(t *testing.T) {
	eachBehind(t, 10, 11, func(t *testing.T, ctx context.Context, b behind) {
		var group []<-chan error
		for amount := range int64(4) { // all but the last are certain to be in it
			group = append(group, b.append(&Deposited{Amount: 20 + amount}))
			await(b.amounts, 20+amount)
		}
		b.lots <- nil
		must(t, <-b.first)
		<-b.arrived
		b.lots <- store.ErrOutcomeUnknown
		b.lots <- store.ErrBusy
		b.lots <- store.ErrBusy
		close(b.lots)
		for _, answer := range group {
			must(t, <-answer)
		}
		wantVersion(t, ctx, b.account, 6)
	})
}

// A row of one that the database refuses fails nobody who wrote at the same moment.
func TestF11_ARefusedRowFailsNobodyElse(t *testing.T) {
	c := with([]*ireneo.Stream{Owned})
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Owned.For("first").Append(ctx, &Opened{Owner: "taken"}))
		s, at := held(t, log, c)
		occupied := s.occupy(t, at)
		answers := make([]<-chan error, 16)
		for i := range answers {
			owner := fmt.Sprint("owner ", i)
			if i%5 == 0 {
				owner = "taken"
			}
			answers[i] = appended(at, Owned.For(fmt.Sprint(i)), &Opened{Owner: owner})
		}
		<-s.arrived // some of them, together
		close(s.lots)
		occupied()
		for i, answer := range answers {
			err, want := <-answer, int64(1)
			if i%5 == 0 {
				want = 0
			}
			if (err == nil) != (want == 1) || err != nil && !errors.As(err, new(*ireneo.ProjectionError)) {
				t.Errorf("append %d: %v", i, err)
			}
			wantVersion(t, ctx, Owned.For(fmt.Sprint(i)), want)
		}
	})
}

// A key is used once, also by those who use it at the same moment, in one commit.
func TestF16_OneKeyInOneGroupAppendsOnce(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		s, at := held(t, log, config())
		first := appended(at, Account.For("a"), &Deposited{Amount: 1})
		<-s.arrived
		events, answers := make([]*Deposited, 16), make([]<-chan error, 16)
		for i := range events {
			events[i] = &Deposited{Amount: int64(10 + i)}
			answers[i] = appended(at, Account.For("a"), events[i], ireneo.IdempotencyKey("k"))
		}
		close(s.lots)
		must(t, <-first)
		for i, answer := range answers {
			must(t, <-answer)
			if events[i].Position() != events[0].Position() || events[i].Amount != events[0].Amount || events[i].Version() == 0 {
				t.Errorf("caller %d is told of version %d with %d, the first of version %d with %d",
					i, events[i].Version(), events[i].Amount, events[0].Version(), events[0].Amount)
			}
		}
		wantVersion(t, ctx, Account.For("a"), 3)
		wantBalance(t, ctx, "a", 2+events[0].Amount)
	})
}
