package ireneo

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"
)

// RetryPolicy says how often, and after what time, a command is decided again that met a
// conflict or a database that had no time. The zero value never does. Backoff, Fixed and
// NoRetry make one.
type RetryPolicy struct {
	retries int
	first   time.Duration
	factor  float64
}

// jitter is by what part of itself a delay is longer or shorter, so that those who met
// once do not meet again.
const jitter = 0.2

// Backoff tries again so many times, the first time after a delay, and after twice the
// last one each further time, ±20 %. Execute's default is Backoff(4, 10*time.Millisecond).
func Backoff(retries int, first time.Duration) RetryPolicy {
	return RetryPolicy{retries: retries, first: first, factor: 2}
}

// Fixed tries again so many times, each after the same delay, ±20 %.
func Fixed(retries int, delay time.Duration) RetryPolicy {
	return RetryPolicy{retries: retries, first: delay, factor: 1}
}

// NoRetry never tries again.
func NoRetry() RetryPolicy { return RetryPolicy{} }

// delay is how long to wait after so many attempts; more is false after the last one.
func (p RetryPolicy) delay(attempts int) (wait time.Duration, more bool) {
	if attempts > p.retries {
		return 0, false
	}
	exact := float64(p.first) * math.Pow(p.factor, float64(attempts-1))
	return time.Duration(min(exact*(1-jitter+2*jitter*rand.Float64()), float64(time.Hour))), true
}

// Retrying is what a hook is told before a command is decided again.
type Retrying struct {
	Command string          // its stored name
	Attempt int             // the one that has failed, from 1
	Delay   time.Duration   // until the next
	Streams []StreamVersion // that the attempt had loaded, in this order
	Err     error           // why it failed
}

// StreamVersion is a stream and the version it was read at.
type StreamVersion struct {
	Stream, ID string
	Version    int64
}

// Category is what to do about an error.
type Category int

// The categories of errors.
const (
	// NonRetriable errors come back the same: what was asked for is refused, or wrong.
	NonRetriable Category = iota
	// Retriable errors are gone after a while: somebody was faster, or the database had
	// no time. Nothing was written.
	Retriable
	// Fatal errors need somebody who looks after the database or the program.
	Fatal
)

// String names the category.
func (c Category) String() string {
	return [...]string{"non-retriable", "retriable", "fatal"}[c]
}

// Categorize says what to do about an error of an append or a command. What is not known
// here, such as an application's own error, is NonRetriable, and so is nil.
func Categorize(err error) Category {
	switch {
	case is(err, ErrOutcomeUnknown, ErrNotMigrated, ErrNoDatabase, ErrReadOnly, ErrFull, ErrImmutable, ErrNoLog, ErrUnknownStream, ErrUnknownEvent, ErrNewerSchema):
		return Fatal
	case is(err, context.Canceled, context.DeadlineExceeded):
		return NonRetriable
	case is(err, ErrConflict, ErrBusy, ErrUnavailable):
		return Retriable
	default:
		return NonRetriable
	}
}

func is(err error, targets ...error) bool {
	for _, target := range targets {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}
