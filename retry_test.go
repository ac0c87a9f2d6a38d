package ireneo_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// overtaken is a command that somebody else overtakes at each of its first attempts.
func overtaken(t testing.TB, other context.Context, times int) *Decide {
	return &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
		seen, to := loaded(t, ctx, b, "seen"), loaded(t, ctx, b, "to")
		if b.Attempt() <= times {
			must(t, Account.For("seen").Append(other, &Deposited{Amount: 1}))
		}
		to.Append(&Deposited{Amount: seen.State.Balance})
		return nil
	}}
}

func TestC06_AStaleParticipantMeansNothingIsWritten(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		_, err := ireneo.Execute(ctx, overtaken(t, other, 1), ireneo.Retry(ireneo.NoRetry()))
		var conflict *ireneo.ConflictError
		if !errors.As(err, &conflict) {
			t.Fatalf("error is %v", err)
		}
		if got, want := fmt.Sprint(conflict.Stream, " ", conflict.ID, " ", conflict.Expected, " ", conflict.Actual), "account seen 0 1"; got != want {
			t.Errorf("conflict is %s, not %s", got, want)
		}
		wantVersion(t, ctx, Account.For("to"), 0)
		wantNoBalance(t, ctx, "to")
	})
}

func TestC07_ConflictsAreDecidedAgain(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		result, err := ireneo.Execute(ctx, overtaken(t, other, 2), ireneo.Retry(ireneo.Fixed(2, time.Microsecond)))
		must(t, err)
		if result.Attempts != 3 || result.Events[0].(*Deposited).Amount != 2 {
			t.Errorf("after %d attempts it wrote %v", result.Attempts, result.Events)
		}
	})
}

func TestC07_TheDefaultIsFourRetriesEachTwiceAsLate(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		var delays []time.Duration
		_, err := ireneo.Execute(ctx, overtaken(t, other, 99), ireneo.OnRetry(func(r ireneo.Retrying) { delays = append(delays, r.Delay) }))
		wantError(t, err, ireneo.ErrConflict)
		if len(delays) != 4 {
			t.Fatalf("%d retries", len(delays))
		}
		for i, got := range delays {
			want := 10 * time.Millisecond << i
			if got < want*8/10 || got > want*12/10 {
				t.Errorf("delay %d is %s, not %s ± 20 %%", i+1, got, want)
			}
		}
	})
}

func TestC07_FixedDelaysStayAsTheyAreAndNoTwoAreAlike(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		seen := map[time.Duration]bool{}
		_, err := ireneo.Execute(ctx, overtaken(t, other, 99), ireneo.Retry(ireneo.Fixed(5, 10*time.Millisecond)), ireneo.OnRetry(func(r ireneo.Retrying) {
			if seen[r.Delay] = true; r.Delay < 8*time.Millisecond || r.Delay > 12*time.Millisecond {
				t.Errorf("delay %d is %s", r.Attempt, r.Delay)
			}
		}))
		wantError(t, err, ireneo.ErrConflict)
		if len(seen) != 5 {
			t.Errorf("the delays are %v", seen)
		}
	})
}

func TestC07_TransientFailuresAreTriedAgain(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		ctx, c := counted(t, log)
		for _, transient := range []error{store.ErrBusy, fmt.Errorf("%w: gone", store.ErrBusy)} {
			left := 3
			c.fail = func(*store.Batch) error {
				if left--; left >= 0 {
					return transient
				}
				return nil
			}
			result, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				loaded(t, ctx, b, "a").Append(&Deposited{Amount: 1})
				return nil
			}}, ireneo.Retry(ireneo.Fixed(4, 0)))
			must(t, err)
			if result.Attempts < 4 || result.Attempts > 5 {
				t.Errorf("it took %d attempts", result.Attempts)
			}
		}
		wantVersion(t, ctx, Account.For("a"), 2)
	})
}

func TestC07_RefusalsAndFatalErrorsAreNotTriedAgain(t *testing.T) {
	each(t, config(), func(t *testing.T, _ context.Context, log *ireneo.Log) {
		ctx, c := counted(t, log)
		odd := errors.New("odd")
		for name, test := range map[string]struct {
			by     func(b *ireneo.Boundary, a *ireneo.Loaded[Position]) error
			insert error
			want   error
		}{
			"rejected": {func(b *ireneo.Boundary, _ *ireneo.Loaded[Position]) error { return b.Reject("", "No.") }, nil, ireneo.ErrInvalid},
			"added":    {func(b *ireneo.Boundary, _ *ireneo.Loaded[Position]) error { b.Reject("", "No."); return nil }, nil, ireneo.ErrInvalid}, //nolint:errcheck // the point of it
			"refused by stream": {func(_ *ireneo.Boundary, a *ireneo.Loaded[Position]) error {
				a.Append(&Withdrawn{Amount: 1})
				return nil
			}, nil, ireneo.ErrInvalid},
			"its own": {func(*ireneo.Boundary, *ireneo.Loaded[Position]) error { return odd }, nil, odd},
			"full": {func(_ *ireneo.Boundary, a *ireneo.Loaded[Position]) error {
				a.Append(&Deposited{Amount: 1})
				return nil
			}, store.ErrFull, ireneo.ErrFull},
		} {
			calls := 0
			c.fail = func(*store.Batch) error { return test.insert }
			_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
				calls++
				return test.by(b, loaded(t, ctx, b, "a"))
			}})
			if !errors.Is(err, test.want) || calls != 1 {
				t.Errorf("%s: %d calls, error %v", name, calls, err)
			}
		}
		wantVersion(t, ctx, Account.For("a"), 0)
	})
}

func TestC07_TheEndOfTheContextEndsTheRetries(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		ctx, cancel := context.WithCancel(ctx)
		_, err := ireneo.Execute(ctx, overtaken(t, other, 99), ireneo.Retry(ireneo.Fixed(9, time.Hour)), ireneo.OnRetry(func(ireneo.Retrying) { cancel() }))
		wantError(t, err, context.Canceled)
		wantError(t, err, ireneo.ErrConflict)
	})
}

func TestC08_WhoGivesUpSaysAfterHowManyAttempts(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		_, err := ireneo.Execute(ctx, overtaken(t, other, 99), ireneo.Retry(ireneo.Fixed(2, 0)))
		var exhausted *ireneo.ExhaustedError
		if !errors.As(err, &exhausted) || exhausted.Attempts != 3 || exhausted.Command != "test.decide" {
			t.Fatalf("error is %v", err)
		}
		if got := err.Error(); !strings.HasPrefix(got, "test.decide was given up after attempt 3: account/seen has moved on: expected version 2, it is at 3") {
			t.Errorf("it says %s", got)
		}
	})
}

func TestC08_OldMemoryIsNoRetry(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		must(t, Account.For("a").Append(ctx, &Deposited{Amount: 1}))
		for _, by := range []func(ctx context.Context, b *ireneo.Boundary) error{
			func(ctx context.Context, b *ireneo.Boundary) error { // commits
				a := loaded(t, ctx, b, "a")
				loaded(t, ctx, b, "b").Append(&Deposited{Amount: a.State.Balance})
				return nil
			},
			func(ctx context.Context, b *ireneo.Boundary) error { // is refused on what is old
				if loaded(t, ctx, b, "a").State.Balance < 3 {
					return b.Reject("", "Too little.")
				}
				return nil
			},
		} {
			must(t, Account.For("a").Append(other, &Deposited{Amount: 1}))
			hook := func(r ireneo.Retrying) { t.Errorf("it was tried again: %+v", r) }
			if _, err := ireneo.Execute(ctx, &Decide{by: by}, ireneo.Retry(ireneo.NoRetry()), ireneo.OnRetry(hook)); err != nil {
				t.Error(err)
			}
		}
		wantBalance(t, ctx, "b", 2)
	})
}

func TestC09_ErrorsHaveACategory(t *testing.T) {
	for _, test := range []struct {
		err  error
		want ireneo.Category
	}{
		{nil, ireneo.NonRetriable},
		{errors.New("odd"), ireneo.NonRetriable},
		{&ireneo.InvalidError{}, ireneo.NonRetriable},
		{&ireneo.RejectedError{}, ireneo.NonRetriable},
		{&ireneo.LifecycleError{Reason: ireneo.ErrClosed}, ireneo.NonRetriable},
		{fmt.Errorf("x: %w", context.Canceled), ireneo.NonRetriable},
		{errors.Join(context.DeadlineExceeded, ireneo.ErrBusy), ireneo.NonRetriable},
		{fmt.Errorf("x: %w", &ireneo.ConflictError{}), ireneo.Retriable},
		{&ireneo.MatchedError{}, ireneo.Retriable},
		{&ireneo.ExhaustedError{Err: ireneo.ErrBusy}, ireneo.Retriable},
		{ireneo.ErrBusy, ireneo.Retriable},
		{ireneo.ErrUnavailable, ireneo.Retriable},
		{ireneo.ErrOutcomeUnknown, ireneo.Fatal},
		{fmt.Errorf("%w: %w", ireneo.ErrOutcomeUnknown, context.DeadlineExceeded), ireneo.Fatal}, // after Config.CommitTimeout
		{ireneo.ErrNotMigrated, ireneo.Fatal},
		{ireneo.ErrFull, ireneo.Fatal},
		{ireneo.ErrReadOnly, ireneo.Fatal},
		{ireneo.ErrNoDatabase, ireneo.Fatal},
		{fmt.Errorf("%w: x", ireneo.ErrUnknownStream), ireneo.Fatal},
	} {
		if got := ireneo.Categorize(test.err); got != test.want {
			t.Errorf("%v is %s, not %s", test.err, got, test.want)
		}
	}
}

func TestC10_AHookSeesEachRetry(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		var got []string
		_, err := ireneo.Execute(ctx, overtaken(t, other, 2), ireneo.Retry(ireneo.Fixed(2, time.Microsecond)), ireneo.OnRetry(func(r ireneo.Retrying) {
			got = append(got, fmt.Sprint(r.Command, " ", r.Attempt, " ", r.Delay > 0, " ", r.Streams, " ", errors.Is(r.Err, ireneo.ErrConflict)))
		}))
		must(t, err)
		want := []string{"test.decide 1 true [{account seen 0} {account to 0}] true", "test.decide 2 true [{account seen 1} {account to 0}] true"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("retries (-want +got):\n%s", diff)
		}
	})
}

func TestC10_EachExecutionIsOneLine(t *testing.T) {
	var lines safeBuffer
	c := config()
	c.Logger = debugLogger(&lines)
	each(t, c, func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		for _, test := range []struct {
			cmd  ireneo.AnyCommand
			want []string
		}{
			{overtaken(t, other, 1), []string{"level=DEBUG", "command=test.decide", "committed", "attempts=2"}},
			{&Transfer{From: "nobody", To: "b", Amount: 1, Secret: "hush"}, []string{"level=INFO", "command=account.transfer", "rejected"}},
			{overtaken(t, other, 99), []string{"level=WARN", "conflicted", "attempts=4"}},
			{&Decide{by: func(context.Context, *ireneo.Boundary) error { return errors.New("odd") }}, []string{"level=WARN", "failed"}},
		} {
			lines.Reset()
			ireneo.Execute(ctx, test.cmd, ireneo.Retry(ireneo.Fixed(2, 0))) //nolint:errcheck // the line says it
			got := strings.Split(strings.TrimSpace(lines.String()), "\n")
			if len(got) != 1 {
				t.Fatalf("%d lines: %q", len(got), got)
			}
			for _, want := range test.want {
				if !strings.Contains(got[0], want) || strings.Contains(got[0], "hush") {
					t.Errorf("%q lacks %s", got[0], want)
				}
			}
		}
	})
}

func TestC11_TransfersInACircleConserveTheTotal(t *testing.T) {
	each(t, config(), func(t *testing.T, ctx context.Context, log *ireneo.Log) {
		const accounts, rounds, total = 3, 30, 300
		other := ireneo.WithLog(t.Context(), sibling(t, log, config()))
		for i := range accounts {
			must(t, Account.For(fmt.Sprint(i)).Append(ctx, &Deposited{Amount: total / accounts}))
		}

		ended := make(chan struct{})
		var writers, readers sync.WaitGroup
		for i := range accounts {
			for _, ctx := range []context.Context{ctx, other} {
				writers.Go(func() {
					for range rounds {
						_, err := ireneo.Execute(ctx, &Transfer{From: fmt.Sprint(i), To: fmt.Sprint((i + 1) % accounts), Amount: 1}, ireneo.Retry(ireneo.Fixed(1000, time.Millisecond)))
						if err != nil && !errors.Is(err, ireneo.ErrInvalid) {
							t.Error(err)
						}
					}
				})
			}
		}
		for _, ctx := range []context.Context{ctx, other} {
			readers.Go(func() {
				for {
					sum := int64(0)
					_, err := ireneo.Execute(ctx, &Decide{by: func(ctx context.Context, b *ireneo.Boundary) error {
						sum = 0
						for i := range accounts {
							sum += loaded(t, ctx, b, fmt.Sprint(i)).State.Balance
						}
						return nil
					}}, ireneo.Retry(ireneo.Fixed(1000, time.Millisecond)))
					if err != nil || sum != total {
						t.Errorf("a reader saw %d, error %v", sum, err)
						return
					}
					select {
					case <-ended:
						return
					default:
					}
				}
			})
		}
		writers.Wait()
		close(ended)
		readers.Wait()

		var sum int64
		for i := range accounts {
			b, err := Balances.Find(ctx, fmt.Sprint(i))
			must(t, err)
			sum += b.Amount
			wantVersion(t, ctx, Account.For(fmt.Sprint(i)), 1+2*2*rounds)
		}
		if sum != total {
			t.Errorf("the total is %d, not %d", sum, total)
		}
	})
}

func TestC07_NothingIsTriedAgainAfterTheCommitTimeout(t *testing.T) {
	slow := config()
	slow.CommitTimeout = time.Nanosecond
	each(t, slow, func(t *testing.T, _ context.Context, log *ireneo.Log) {
		c := &counting{Store: ireneo.StoreOf(log), fail: func(*store.Batch) error { return store.ErrBusy }}
		other, err := ireneo.Open(c, slow)
		must(t, err)
		_, err = ireneo.Execute(ireneo.WithLog(t.Context(), other), paying(t, "a", 1))
		var exhausted *ireneo.ExhaustedError
		if !errors.As(err, &exhausted) || exhausted.Attempts != 1 || !errors.Is(err, ireneo.ErrBusy) {
			t.Errorf("error is %v", err)
		}
	})
}
