package main

import "time"

// target bounds what a row finds. The zero target bounds nothing.
type target struct {
	bound float64
	kind  kind
}

// kind is what a target bounds.
type kind int

const (
	ofRates     kind = iota // the ratio of ops/s to the limit's must reach the bound
	ofLatencies             // the ratio of p50 to the limit's must not exceed it
	delay                   // p99, in nanoseconds, must not exceed it, without any limit
	memory                  // nor must the memory in use, in bytes
)

func atLeast(ratio float64) target { return target{ratio, ofRates} }

// latencyAtMost compares how long one operation takes.
func latencyAtMost(ratio float64) target { return target{ratio, ofLatencies} }

// p99AtMost bounds how long nearly every operation takes.
func p99AtMost(d time.Duration) target { return target{float64(d), delay} }

// memoryAtMost bounds what is in use at any time.
func memoryAtMost(bytes int64) target { return target{float64(bytes), memory} }

// absolute reports whether the bound is of the row itself, not of its ratio to a limit.
func (t target) absolute() bool { return t.kind == delay || t.kind == memory }

// of is what the target is about.
func (t target) of(s sample) float64 {
	switch t.kind {
	case ofLatencies:
		return float64(s.P50)
	case delay:
		return float64(s.P99)
	case memory:
		return float64(s.Memory.Live)
	default:
		return s.Ops
	}
}

func (t target) String() string {
	switch {
	case t == target{}:
		return ""
	case t.kind == ofRates:
		return "≥ " + t.show(t.bound)
	case t.kind == ofLatencies:
		return "p50 ≤ " + t.show(t.bound)
	case t.kind == delay:
		return "p99 ≤ " + t.show(t.bound)
	default:
		return "≤ " + t.show(t.bound)
	}
}

// show writes a value as the target bounds it.
func (t target) show(value float64) string {
	switch t.kind {
	case delay:
		return time.Duration(value).Round(100 * time.Microsecond).String()
	case memory:
		return mebibytes(int64(value)) + " MiB"
	default:
		return precise(value)
	}
}
