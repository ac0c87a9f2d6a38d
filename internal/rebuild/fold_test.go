package rebuild

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ireneo-dev/ireneo/store"
)

// streamsOf are so many streams of so many records each, in the order of ids. A record takes
// a quarter of what a group takes at least.
func streamsOf(typ string, streams, each int) (records []store.Record) {
	data := make([]byte, enough/4)
	for i := range streams {
		for v := range each {
			records = append(records, store.Record{
				Stream: store.Stream{Type: typ, ID: fmt.Sprintf("s%04d", i)}, Version: int64(v + 1), Data: data,
			})
		}
	}
	return records
}

// someOf yields records as pages of this size, and then an error if there is one.
func someOf(records []store.Record, size int, err error) Records {
	return func(yield func([]store.Record, error) bool) {
		for page := range slices.Chunk(records, size) {
			if !yield(page, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

// namesOf are the streams and versions of records.
func namesOf(_ context.Context, streams Records) (names []string, err error) {
	for some, err := range streams {
		if err != nil {
			return nil, err
		}
		for _, r := range some {
			names = append(names, fmt.Sprint(r.Stream.Type, " ", r.Stream.ID, " ", r.Version))
		}
	}
	return names, nil
}

func idOf(name string) string { return strings.Fields(name)[1] }

// failing fails at the streams with these ids.
func failing(errs map[string]func() error) Folding[[]string] {
	return func(ctx context.Context, streams Records) ([]string, error) {
		names, err := namesOf(ctx, streams)
		for _, name := range names {
			if fail := errs[idOf(name)]; fail != nil {
				return nil, fail()
			}
		}
		return names, err
	}
}

// collect collects what comes before an error.
func collect(folded iter.Seq2[[]string, error]) (all [][]string, err error) {
	for some, err := range folded {
		if err != nil {
			return all, err
		}
		all = append(all, some)
	}
	return all, nil
}

func TestFold_KeepsTheOrderAndStreamsWhole(t *testing.T) {
	for _, each := range []int{1, 3, 50} {
		for _, size := range []int{1, 7, 1000} {
			synctest.Test(t, func(t *testing.T) { // which no goroutine may outlive
				records := streamsOf("a", 60, each)
				want, _ := namesOf(t.Context(), someOf(records, 1, nil))
				groups, err := collect(Fold(t.Context(), someOf(records, size, nil), namesOf))
				must(t, err)
				if diff := cmp.Diff(want, slices.Concat(groups...)); diff != "" {
					t.Errorf("%d records each, in pages of %d: (-want +got)\n%s", each, size, diff)
				}
				if len(groups) < 15 {
					t.Errorf("%d records each, in pages of %d: they are folded in %d groups", each, size, len(groups))
				}
				for i := 1; i < len(groups); i++ {
					if last := groups[i-1]; idOf(last[len(last)-1]) == idOf(groups[i][0]) {
						t.Errorf("%d records each, in pages of %d: %s is in two groups", each, size, groups[i][0])
					}
				}
			})
		}
	}
}

func TestFold_OfNothing(t *testing.T) {
	groups, err := collect(Fold(t.Context(), someOf(nil, 1, nil), namesOf))
	if err != nil || len(groups) > 0 {
		t.Errorf("got %v, %v", groups, err)
	}
}

// TestFold_FirstError has a later stream fail first. What comes before the one that fails is
// yielded, nothing behind it, and no goroutine is left.
func TestFold_FirstError(t *testing.T) {
	errFirst, errSecond, errRead := errors.New("first"), errors.New("second"), errors.New("read")
	for name, tt := range map[string]struct {
		fails func(failed chan struct{}) map[string]func() error
		read  error
		want  error
	}{
		"of two, the one of the earlier stream": {func(failed chan struct{}) map[string]func() error {
			return map[string]func() error{
				"s0008": func() error { <-failed; return errFirst },
				"s0013": func() error { close(failed); return errSecond },
			}
		}, nil, errFirst},
		"while reading": {func(chan struct{}) map[string]func() error { return nil }, errRead, errRead},
		"of a fold before one while reading": {func(chan struct{}) map[string]func() error {
			return map[string]func() error{"s0008": func() error { return errFirst }}
		}, errRead, errFirst},
		"of one that ends its goroutine": {func(chan struct{}) map[string]func() error {
			return map[string]func() error{"s0008": func() error { runtime.Goexit(); return nil }}
		}, nil, errGone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fold := failing(tt.fails(make(chan struct{})))
				groups, err := collect(Fold(t.Context(), someOf(streamsOf("a", 100, 1), 10, tt.read), fold))
				if !errors.Is(err, tt.want) {
					t.Errorf("got %v, want %v", err, tt.want)
				}
				if before := slices.Concat(groups...); !slices.IsSorted(before) || !errors.Is(tt.want, errRead) && len(before) != 8 {
					t.Errorf("before it came %v", before)
				}
			})
		})
	}
}

func TestFold_PanicIsAnErrorWithItsStack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fold := failing(map[string]func() error{"s0050": func() error { panic("the disk is green") }})
		_, err := collect(Fold(t.Context(), someOf(streamsOf("a", 100, 1), 10, nil), fold))
		p, ok := errors.AsType[*PanicError](err)
		if !ok || err.Error() != "panic: the disk is green" || !strings.Contains(string(p.Stack), "TestFold_PanicIsAnErrorWithItsStack") {
			t.Errorf("got %v", err)
		}
	})
}

// TestFold_Canceled ends ctx while streams are folded, and while they are read.
func TestFold_Canceled(t *testing.T) {
	for name, fold := range map[string]Folding[[]string]{
		"folding": func(ctx context.Context, streams Records) ([]string, error) {
			names, err := namesOf(ctx, streams)
			if err == nil && idOf(names[0]) > "s0020" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return names, err
		},
		"reading": namesOf,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var groups int
				var got error
				for _, err := range Fold(ctx, someOf(streamsOf("a", 100, 1), 10, nil), fold) {
					if groups++; groups == 3 {
						cancel()
					}
					got = err
				}
				if !errors.Is(got, context.Canceled) {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}

// TestFold_ReadsNoFurtherThanItMay looks at how much was read of streams that nobody asks
// for, short ones and one that is long.
func TestFold_ReadsNoFurtherThanItMay(t *testing.T) {
	for _, each := range []int{1, 1000} {
		synctest.Test(t, func(t *testing.T) {
			var read atomic.Int64
			records := func(yield func([]store.Record, error) bool) {
				for some := range slices.Chunk(streamsOf("a", 1000/each, each), 1) {
					if read.Add(1); !yield(some, nil) {
						return
					}
				}
			}
			going := make(chan struct{})
			fold := func(ctx context.Context, streams Records) ([]string, error) {
				<-going
				return namesOf(ctx, streams)
			}
			go func() {
				synctest.Wait()
				if got, most := read.Load(), int64(4*(2*runtime.GOMAXPROCS(0)+4)); got > most {
					t.Errorf("with %d records each: %d of 1000 were read, want %d at most", each, got, most)
				}
				close(going)
			}()
			groups, err := collect(Fold(t.Context(), records, fold))
			if all := slices.Concat(groups...); err != nil || len(all) != 1000 {
				t.Errorf("with %d records each: got %d, %v", each, len(all), err)
			}
		})
	}
}

// TestFold_EndsEarly stops looking after the first of streams without end.
func TestFold_EndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		endless := func(yield func([]store.Record, error) bool) {
			for some := streamsOf("a", 10, 1); yield(some, nil); {
			}
		}
		for _, err := range Fold(t.Context(), endless, namesOf) {
			must(t, err)
			break
		}
	})
}

// fakeLog has records in the order of types and streams, and no end of them by positions.
type fakeLog []store.Record

func (l fakeLog) Read(_ context.Context, q store.Query) iter.Seq2[store.Record, error] {
	return func(yield func(store.Record, error) bool) {
		after := func(r store.Record) bool {
			if q.Order == store.ByPosition {
				return true
			}
			return r.Stream.ID > q.Stream.ID || r.Stream.ID == q.Stream.ID && r.Version > q.AfterVersion
		}
		n := 0
		for _, r := range l {
			if (q.Stream.Type == "" || r.Stream.Type == q.Stream.Type) && after(r) && n < q.Limit {
				if n++; !yield(r, nil) {
					return
				}
			}
		}
	}
}

// TestSource_Records merges streams of several types, whose ids are partly the same.
func TestSource_Records(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 0))
		var log fakeLog
		types := []string{"a", "b", "c"}[:1+r.IntN(3)]
		for _, typ := range types {
			for i := range 30 {
				for v := range r.IntN(4) {
					log = append(log, store.Record{Stream: store.Stream{Type: typ, ID: fmt.Sprintf("s%02d", i)}, Version: int64(v + 1)})
				}
			}
		}
		sorted := slices.Clone(log)
		sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].Stream.ID < sorted[j].Stream.ID })
		want, _ := namesOf(t.Context(), someOf(sorted, 1, nil))
		got, err := namesOf(t.Context(), Source{Log: log, Streams: types}.Records(t.Context()))
		must(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d: (-want +got)\n%s", seed, diff)
		}
	}
}

// TestSource_EndsEarly stops looking at streams, and at pages of the log, after the first.
func TestSource_EndsEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // which no goroutine may outlive
		log := fakeLog(streamsOf("a", 300, 1))
		for _, err := range (Source{Log: log, Streams: []string{"a", "b"}}).Records(t.Context()) {
			must(t, err)
			break
		}
		for _, err := range Pages(t.Context(), log, 0, 0, nil) {
			must(t, err)
			break
		}
		ctx, cancel := context.WithCancel(t.Context())
		var last error
		for _, err := range Pages(ctx, log, 0, 0, nil) {
			cancel()
			last = err
		}
		cancel()
		if !errors.Is(last, context.Canceled) {
			t.Errorf("canceled between two pages: got %v", last)
		}
	})
}
