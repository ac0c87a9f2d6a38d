package rebuild

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"

	"github.com/ireneo-dev/ireneo/store"
)

// enough is how many bytes of records are folded in one go at least, of whole streams.
const enough = 256 << 10

// overhead is what a record takes in memory beside its payload and meta.
const overhead = 256

// PanicError is a panic in a fold.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// errGone is of a fold that ended its goroutine.
var errGone = errors.New("a fold ended its goroutine")

// Folding makes something of some streams, all of them unless it fails, until ctx ends.
type Folding[T any] = func(ctx context.Context, streams Records) (T, error)

// Fold has streams folded on all processors while the next are read, and yields what comes
// of them in their order. Each call of fold is given whole streams, and all streams with
// one id; how many there are of them at a time is bounded, as are the records they wait for.
// All have ended when it returns. An error, which may be a [PanicError], is yielded once, as
// the last pair: that of the first streams that have one.
//
//	          ┌▶ fold ─┐
//	records ──┼▶ fold ─┼──▶ yield
//	          └▶ fold ─┘
func Fold[T any](ctx context.Context, records Records, fold Folding[T]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		s := &splitting[T]{ctx: ctx, fold: fold, groups: make(chan *group[T], 2*runtime.GOMAXPROCS(0))}
		go s.run(records)
		defer func() {
			cancel()
			for g := range s.groups {
				<-g.done
			}
		}()

		var none T
		for g := range s.groups {
			if <-g.done; g.err != nil {
				yield(none, g.err)
				return
			}
			if !yield(g.made, nil) {
				return
			}
		}
		if err := ctx.Err(); err != nil { // then it is not the end of the streams
			yield(none, err)
		}
	}
}

// splitting splits records into groups.
type splitting[T any] struct {
	ctx    context.Context
	fold   Folding[T]
	groups chan *group[T]

	last *group[T] // nil before the first
	size int       // of what it was given
	id   string    // of the last stream it was given
}

func (s *splitting[T]) run(records Records) {
	defer close(s.groups)
	defer s.end()
	for some, err := range records {
		if err != nil {
			_ = (s.last != nil || s.begin()) && s.give(part{err: err})
			return
		}
		for len(some) > 0 {
			if s.last == nil || s.size >= enough && some[0].Stream.ID != s.id {
				s.end()
				if !s.begin() {
					return
				}
			}
			n := s.count(some)
			if !s.give(part{records: some[:n]}) {
				return
			}
			some = some[n:]
		}
	}
}

// begin begins a group, unless ctx ends first.
func (s *splitting[T]) begin() bool {
	g := &group[T]{parts: make(chan part, 1), done: make(chan struct{}), err: errGone}
	select {
	case s.groups <- g:
		go g.run(s.ctx, s.fold)
		s.last, s.size = g, 0
		return true
	case <-s.ctx.Done():
		return false
	}
}

// end ends the last group.
func (s *splitting[T]) end() {
	if s.last != nil {
		close(s.last.parts)
		s.last = nil
	}
}

// count is how many of these records are for the last group, as far as they tell.
func (s *splitting[T]) count(some []store.Record) (n int) {
	for n < len(some) && (s.size < enough || some[n].Stream.ID == s.id) {
		s.size, s.id = s.size+overhead+len(some[n].Data)+len(some[n].Meta), some[n].Stream.ID
		n++
	}
	return n
}

// give hands the last group a part, unless ctx ends first, as it does where that has failed.
func (s *splitting[T]) give(p part) bool {
	select {
	case s.last.parts <- p:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// group is some streams that are folded in one go.
type group[T any] struct {
	parts chan part // closed after the last
	done  chan struct{}
	made  T // set when done is closed, as is err
	err   error
}

type part struct {
	records []store.Record
	err     error
}

func (g *group[T]) run(ctx context.Context, fold Folding[T]) {
	defer close(g.done)
	defer func() {
		if p := recover(); p != nil {
			g.err = &PanicError{Value: p, Stack: debug.Stack()}
		}
	}()
	g.made, g.err = fold(ctx, g.records(ctx))
}

func (g *group[T]) records(ctx context.Context) Records {
	return func(yield func([]store.Record, error) bool) {
		for p := range g.parts {
			if !yield(p.records, p.err) || p.err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil { // then it is not the end of the streams
			yield(nil, err)
		}
	}
}
