package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// verdict says how a row does by its target.
type verdict string

const (
	met       verdict = "met"
	near      verdict = "in noise" // missed, by no more than the rounds differ
	missed    verdict = "missed"
	disturbed verdict = "disturbed" // nothing can be said: run again
	unlimited verdict = "no limit"  // what it is held to was not measured here
)

const (
	// calm is how much faster a limit may be in one round than in another before it counts as disturbed.
	calm = 1.5

	// loud is the share of a median that its noise may be, for a miss within it to be excused.
	loud = 0.25

	// judgedRounds are so many that their noise says something.
	judgedRounds = 3
)

// noise is the half of what lies between least and greatest. Of five rounds that is about twice the
// standard error of their median.
func (s *spread) noise() float64 { return (s.Max - s.Min) / 2 }

// judge looks at the median. What it misses by must be more than the noise.
func (t target) judge(s *spread) verdict {
	short := t.bound - s.Median
	if t.kind != ofRates {
		short = -short
	}
	switch {
	case short <= 0:
		return met
	case short > s.noise():
		return missed
	case s.noise() > loud*s.Median:
		return disturbed
	default:
		return near
	}
}

// judge is the verdict of a row with a target, whose ratio is known by now where it has one.
func (r *report) judge(row *result) verdict {
	t := row.row.target
	switch {
	case t.kind == memory: // nobody else can disturb that
		return t.judge(newSpread(row.values(t.of)))
	case t.kind == delay && slices.ContainsFunc(r.Rows, r.disturbedLimit):
		return disturbed
	case t.kind == delay:
		return t.judge(newSpread(row.values(t.of)))
	case row.Ratio == nil:
		return unlimited
	case slices.ContainsFunc(row.row.against(), func(l limit) bool { return r.find(l).disturbed() }):
		return disturbed
	default:
		return t.judge(row.Ratio)
	}
}

// disturbed reports whether the row ran at very different rates: then others used the machine, and
// neither a rate nor a ratio to it says anything.
func (r *result) disturbed() bool {
	rates := r.values(func(s sample) float64 { return s.Ops })
	return len(rates) > 0 && slices.Max(rates) > calm*slices.Min(rates)
}

func (r *report) disturbedLimit(row result) bool { return r.isLimit(row) && row.disturbed() }

// isLimit reports whether other rows are compared with this one.
func (r *report) isLimit(row result) bool {
	return row.Name == pgxInsert || slices.ContainsFunc(r.Rows, func(other result) bool {
		return slices.Contains(other.row.against(), row.row.key())
	})
}

// What a check ends with, and the exit codes of them.
var (
	errMissed    = errors.New("targets are missed")
	errDisturbed = errors.New("no verdict on some targets: run again")
)

const (
	exitMissed    = 3
	exitDisturbed = 4
)

// check is nil where every target is met, or missed within the noise of this run.
func (r *report) check() error {
	failures, unsure := r.said(missed), append(r.said(disturbed), r.said(unlimited)...)
	switch {
	case len(failures) > 0:
		return fmt.Errorf("%w:\n%s", errMissed, strings.Join(append(failures, unsure...), "\n"))
	case len(unsure) > 0:
		return fmt.Errorf("%w:\n%s", errDisturbed, strings.Join(unsure, "\n"))
	default:
		return nil
	}
}

// said are the rows of a verdict, with what it rests on.
func (r *report) said(v verdict) (rows []string) {
	for _, row := range r.Rows {
		if row.Verdict != v {
			continue
		}
		line := fmt.Sprintf("  %s %s: %s, target %s", row.ID, row.row, v, row.Target)
		if s := row.bounded(); s != nil {
			line += fmt.Sprintf(", got %s, noise %s", row.row.target.show(s.Median), row.row.target.show(s.noise()))
		}
		rows = append(rows, line)
	}
	return rows
}

// bounded is what the row's target bounds.
func (r *result) bounded() *spread {
	if r.row.target.absolute() {
		return newSpread(r.values(r.row.target.of))
	}
	return r.Ratio
}
