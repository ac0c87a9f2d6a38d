package ireneo

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ireneo-dev/ireneo/internal/telemetry"
	"github.com/ireneo-dev/ireneo/store"
)

// Boundary is what a command decides within: all that it has loaded so far. Whatever it
// writes is committed only if nothing of that has changed. It lives as long as one call of
// Handle, and is not safe for concurrent use.
type Boundary struct {
	log     *Log
	cmd     AnyCommand
	id      string
	attempt int

	measured *telemetry.Run

	fresh      bool // nothing is taken from memory that the log does not confirm
	remembered bool // something was
	statements int  // how many have read

	parts    map[store.Stream]*participant
	order    []*participant // as they were loaded
	writes   []write        // what is to be appended, in order
	queries  []*boundQuery
	finished bool
}

// write is one event to be appended.
type write struct {
	to *participant
	at int // in its events
}

// Loaded is a stream as a command has read it: its state, and the way to append to it.
type Loaded[M any] struct {
	// State is the stream folded by the projection, completed as in a Replay; that of no
	// events where the stream is empty. It belongs to the command.
	State *M

	part *participant
}

// maxStreams bounds the streams of one command, since each may take a lock.
const maxStreams = 1000

// Load reads a stream into the boundary and folds it by a projection. A stream that does
// not exist is at version 0 and has the state of no events. What is loaded twice is read
// once: with one of the stream's own projections, Consistency or Transactional, usually not
// at all, since its state is in memory and the commit proves it current.
func Load[M any](ctx context.Context, b *Boundary, h *Handle, p *Projection[M]) (*Loaded[M], error) {
	part, state, err := b.load(ctx, h, p.projection)
	if err != nil {
		return nil, err
	}
	return &Loaded[M]{State: state.(*M), part: part}, nil
}

// ID is the id of the stream.
func (s *Loaded[M]) ID() string { return s.part.handle.id }

// Version is the version it was read at, zero where it does not exist.
func (s *Loaded[M]) Version() int64 { return s.part.head.version }

// Append adds events to what the command writes, in the order of the calls over all
// streams. State stays what was read. It panics after Handle has returned.
func (s *Loaded[M]) Append(events ...AnyEvent) {
	b := s.part.boundary
	if b.finished {
		panic("ireneo: Append to " + s.part.handle.id + " after the command's Handle has returned")
	}
	for _, ev := range events {
		s.part.events = append(s.part.events, ev)
		b.writes = append(b.writes, write{s.part, len(s.part.events) - 1})
	}
}

// Reject refuses the command: Handle returns what it returns. The message reads on from
// the field's label, as that of Errors.Add; without a field it is a sentence of its own.
func (b *Boundary) Reject(field, message string) error {
	b.cmd.Errors().Add(field, message)
	return &RejectedError{Command: b.cmd}
}

// ID is the id of the execution, the same in every attempt: good for ids of streams that
// the command begins.
func (b *Boundary) ID() string { return b.id }

// Attempt counts the calls of Handle, from 1.
func (b *Boundary) Attempt() int { return b.attempt }

// Now is the log's clock.
func (b *Boundary) Now() time.Time { return b.log.now() }

// keys are the streams that were loaded, in the one order in which they are locked.
func (b *Boundary) keys() []store.Stream {
	if b == nil {
		return nil
	}
	keys := make([]store.Stream, len(b.order))
	for i, part := range b.order {
		keys[i] = part.handle.key()
	}
	slices.SortFunc(keys, func(a, b store.Stream) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.ID, b.ID))
	})
	return keys
}

// versions are the streams that were read, as they were loaded.
func (b *Boundary) versions() []StreamVersion {
	var all []StreamVersion
	for _, part := range b.order {
		if part.head != nil {
			all = append(all, StreamVersion{Stream: part.handle.Type(), ID: part.handle.id, Version: part.head.version})
		}
	}
	return all
}

// guard is what was read and is not appended to; nil where there is nothing.
func (b *Boundary) guard(ctx context.Context) (*store.Guard, error) {
	var streams []store.At
	for _, part := range b.order {
		if part.head != nil && len(part.events) == 0 {
			streams = append(streams, part.at())
		}
	}
	if len(b.queries) == 0 && len(streams) == 0 {
		return nil, nil
	}
	if len(b.queries) == 0 {
		return &store.Guard{Streams: streams}, nil
	}
	for _, q := range b.queries {
		if err := q.advance(ctx); err != nil {
			return nil, err
		}
	}
	g := guardOf(b.queries)
	g.Streams = streams
	return g, nil
}

// moved is a ConflictError where a stream is no longer at the version it was read at: the
// first one, in the order they were loaded.
func (b *Boundary) moved(ctx context.Context) error {
	q, read := store.Query{}, map[store.Stream]int64{}
	for _, part := range b.order {
		if part.head != nil {
			q.Several = append(q.Several, part.at())
			read[part.handle.key()] = part.head.version
		}
	}
	if len(q.Several) == 0 {
		return nil
	}
	var conflict *ConflictError
	for r, err := range b.log.store.Read(ctx, q) {
		if err != nil {
			return err
		}
		if conflict == nil {
			conflict = &ConflictError{Stream: r.Stream.Type, ID: r.Stream.ID, Expected: read[r.Stream]}
		}
		if r.Stream != (store.Stream{Type: conflict.Stream, ID: conflict.ID}) {
			continue
		}
		ev, err := b.log.decode(r)
		if err != nil {
			return err
		}
		conflict.Events, conflict.Actual = append(conflict.Events, ev), max(conflict.Actual, r.Version)
	}
	if conflict == nil {
		return nil
	}
	return conflict
}

// forget keeps others from going on with what was loaded, where that is not in the log any
// more: retention has removed it.
func (b *Boundary) forget() {
	for _, part := range b.order {
		b.log.heads.Remove(part.handle.key())
	}
}

// unchanged reports, for an attempt that commits nothing and so proves nothing, whether
// what it has decided on was all true at one moment. What one statement has read was.
func (b *Boundary) unchanged(ctx context.Context) error {
	if b.remembered || b.statements > 1 {
		if err := b.moved(ctx); err != nil {
			return err
		}
	}
	for _, q := range b.queries {
		if err := q.unchanged(ctx); err != nil {
			return err
		}
	}
	return nil
}
