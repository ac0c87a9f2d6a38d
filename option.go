package ireneo

import (
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// AppendOption varies one append: At, ExpectVersion, IdempotencyKey, CausedBy.
type AppendOption interface{ vary(*appendOptions) }

// ReplayOption varies one read: AsOf, At, AtVersion.
type ReplayOption interface{ narrow(*replay) }

type appendOptions struct {
	at             time.Time
	expectVersion  *int64
	idempotencyKey string
	cause          AnyEvent
	hypothetical   bool // nothing is going to be stored, so that meta need not be complete
}

type appendOption func(*appendOptions)

func (o appendOption) vary(a *appendOptions) { o(a) }

// replay is which part of a stream is looked at.
type replay struct {
	asOf, at time.Time
	version  int64
}

type replayOption func(*replay)

func (o replayOption) narrow(r *replay) { o(r) }

// AtOption is what At returns: it varies appends, commands and reads.
type AtOption struct{ at time.Time }

func (o AtOption) vary(a *appendOptions)    { a.at = o.at }
func (o AtOption) narrow(r *replay)         { r.at = o.at }
func (o AtOption) direct(e *executeOptions) { e.appends = append(e.appends, o) }

// At says when something was true. On Append it sets the event's occurred_at, on Execute
// that of all events of the command. On reads it keeps the events with occurred_at up to and including t.
func At(t time.Time) AtOption { return AtOption{moment(t)} }

// AsOf keeps what the log knew at t: events with recorded_at up to and including t.
func AsOf(t time.Time) ReplayOption { return replayOption(func(r *replay) { r.asOf = moment(t) }) }

// AtVersion keeps the events up to and including version n. Zero keeps them all.
func AtVersion(n int64) ReplayOption { return replayOption(func(r *replay) { r.version = n }) }

// ExpectVersion makes the append fail with ErrConflict unless the stream is at
// version n. Zero means that the stream must be new.
func ExpectVersion(n int64) AppendOption {
	return appendOption(func(a *appendOptions) { a.expectVersion = &n })
}

// IdempotencyKey makes the append happen once: where the stream has an event under
// this key already nothing is written, and the event given becomes that first one,
// version and position included. With AppendAll the key covers all of its events. It
// costs a read where the stream's state is not cached.
func IdempotencyKey(key string) AppendOption {
	return appendOption(func(a *appendOptions) { a.idempotencyKey = key })
}

// CauseOption is what CausedBy returns: it varies appends and commands.
type CauseOption struct{ cause AnyEvent }

func (o CauseOption) vary(a *appendOptions)    { a.cause = o.cause }
func (o CauseOption) direct(e *executeOptions) { e.appends = append(e.appends, o) }

// CausedBy stores in the meta which persisted event led to this one, or to this command,
// and hands on its correlation id.
func CausedBy(ev AnyEvent) CauseOption { return CauseOption{ev} }

func appendOptionsOf(opts []AppendOption) appendOptions {
	var a appendOptions
	for _, o := range opts {
		o.vary(&a)
	}
	return a
}

// caused gives the meta entries of CausedBy.
func (a appendOptions) caused() map[string]string {
	if a.cause == nil {
		return nil
	}
	return causedBy(a.cause)
}

// causedBy are the meta entries of what an event has led to.
func causedBy(cause AnyEvent) map[string]string {
	id := cause.ID().String()
	correlation := cause.Meta().Get(CorrelationKey)
	if correlation == "" {
		correlation = id
	}
	return map[string]string{CausationKey: id, CorrelationKey: correlation}
}

func replayOf(opts []ReplayOption) replay {
	var r replay
	for _, o := range opts {
		o.narrow(&r)
	}
	return r
}

func (r replay) query(key store.Stream) store.Query {
	return store.Query{Stream: key, UpToVersion: r.version, RecordedUntil: r.asOf, OccurredUntil: r.at}
}

// moment is t as the log stores it: UTC, whole microseconds.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
