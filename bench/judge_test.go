package main

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// judged is a report of a limit, and of a row with a target whose ratios to it are as given.
func judged(t *testing.T, limits, ratios []float64, bound target) *report {
	t.Helper()
	r := newReport([]row{{name: "limit"}, {id: "P0", name: "row", limit: limit{name: "limit"}, target: bound}}, options{})
	for i, ops := range limits {
		r.Rows[0].Rounds = append(r.Rows[0].Rounds, sample{Ops: ops, P50: time.Millisecond})
		r.Rows[1].Rounds = append(r.Rows[1].Rounds, sample{Ops: ops * ratios[i], P50: time.Duration(ratios[i] * float64(time.Millisecond))})
	}
	r.judgeRows()
	return r
}

func TestReport_Check(t *testing.T) {
	same := []float64{100, 100, 100, 100, 100}
	for name, tt := range map[string]struct {
		limits, ratios []float64
		target         target
		want           verdict
		err            error
	}{
		"met in all rounds":         {same, []float64{0.86, 0.87, 0.88, 0.89, 0.90}, atLeast(0.85), met, nil},
		"met by the median":         {same, []float64{0.80, 0.84, 0.86, 0.88, 0.90}, atLeast(0.85), met, nil},
		"met on the spot":           {same, []float64{0.85, 0.85, 0.85, 0.85, 0.85}, atLeast(0.85), met, nil},
		"missed within the noise":   {same, []float64{0.79, 0.80, 0.81, 0.84, 0.89}, atLeast(0.85), near, nil},
		"missed by more":            {same, []float64{0.79, 0.80, 0.80, 0.81, 0.81}, atLeast(0.85), missed, errMissed},
		"missed without any noise":  {same, []float64{0.84, 0.84, 0.84, 0.84, 0.84}, atLeast(0.85), missed, errMissed},
		"too noisy to excuse":       {same, []float64{0.40, 0.50, 0.60, 0.80, 0.95}, atLeast(0.85), disturbed, errDisturbed},
		"noisy and met":             {same, []float64{0.40, 0.50, 0.90, 1.00, 1.20}, atLeast(0.85), met, nil},
		"noisy and missed by more":  {same, []float64{0.10, 0.20, 0.30, 0.35, 0.40}, atLeast(0.85), missed, errMissed},
		"the limit drifts a little": {[]float64{100, 120, 149, 110, 105}, []float64{0.8, 0.8, 0.8, 0.8, 0.8}, atLeast(0.85), missed, errMissed},
		"the limit is disturbed":    {[]float64{100, 120, 151, 110, 105}, []float64{0.8, 0.8, 0.8, 0.8, 0.8}, atLeast(0.85), disturbed, errDisturbed},
		"so much that met is void":  {[]float64{100, 120, 151, 110, 105}, []float64{0.9, 0.9, 0.9, 0.9, 0.9}, atLeast(0.85), disturbed, errDisturbed},
		"quick enough":              {same, []float64{1.00, 1.01, 1.02, 1.03, 1.10}, latencyAtMost(1.05), met, nil},
		"slow within the noise":     {same, []float64{1.00, 1.04, 1.08, 1.09, 1.10}, latencyAtMost(1.05), near, nil},
		"too slow":                  {same, []float64{1.10, 1.11, 1.11, 1.11, 1.12}, latencyAtMost(1.05), missed, errMissed},
	} {
		t.Run(name, func(t *testing.T) {
			r := judged(t, tt.limits, tt.ratios, tt.target)
			if got := r.Rows[1].Verdict; got != tt.want {
				t.Errorf("got verdict %q, want %q", got, tt.want)
			}
			if err := r.check(); !errors.Is(err, tt.err) {
				t.Errorf("got error %v, want %v", err, tt.err)
			}
		})
	}
}

func TestReport_CheckSaysWhatIsMissed(t *testing.T) {
	err := judged(t, []float64{100, 100, 100}, []float64{0.70, 0.71, 0.74}, atLeast(0.85)).check()
	if want := "P0 row × 0: missed, target ≥ 0.85, got 0.71, noise 0.02"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q in it", err, want)
	}
}

// One that is missed for sure is not forgiven because another could not be judged.
func TestReport_CheckFailsForWhatIsMissedFirst(t *testing.T) {
	r := judged(t, []float64{100, 100, 100}, []float64{0.70, 0.71, 0.74}, atLeast(0.85))
	r.Rows = append(r.Rows, result{row: row{name: "another"}, Verdict: disturbed})
	err := r.check()
	if !errors.Is(err, errMissed) || !strings.Contains(err.Error(), "another") {
		t.Errorf("got %v", err)
	}
	for want, err := range map[int]error{0: nil, 1: errors.New("broken"), exitMissed: err, exitDisturbed: errDisturbed} {
		if got := exitCode(err); got != want {
			t.Errorf("exit code of %v: got %d, want %d", err, got, want)
		}
	}
}

// Rows without a target have fewer rounds than others: those that both have are compared.
func TestReport_ComparesTheRoundsThatBothHave(t *testing.T) {
	r := newReport([]row{{name: "limit"}, {name: "row", limit: limit{name: "limit"}}, {name: "brief"}, {name: "long", limit: limit{name: "brief"}}}, options{})
	r.Rows[0].Rounds = []sample{{Ops: 100}, {Ops: 200}, {Ops: 1}}
	r.Rows[1].Rounds = []sample{{Ops: 50}, {Ops: 100}}
	r.Rows[2].Rounds, r.Rows[3].Rounds = r.Rows[0].Rounds[:2], []sample{{Ops: 25}, {Ops: 50}, {Ops: 7}}
	r.judgeRows()
	if row, long := *r.Rows[1].Ratio, *r.Rows[3].Ratio; row != (spread{0.5, 0.5, 0.5}) || long != (spread{0.25, 0.25, 0.25}) {
		t.Errorf("got %v and %v, want 0.5 and 0.25 in each round", row, long)
	}
}

// A peer that does not run on this machine is no limit that is met.
func TestReport_CheckDoesNotTakeSilenceForConsent(t *testing.T) {
	r := newReport([]row{{name: "row", limit: limit{name: "peer: append"}, target: atLeast(4)}}, options{})
	r.Rows[0].Rounds = []sample{{Ops: 100}}
	r.judgeRows()
	if err := r.check(); !errors.Is(err, errDisturbed) || r.Rows[0].Verdict != unlimited {
		t.Errorf("got %v and %v", r.Rows[0].Verdict, err)
	}
}

// A delay has no limit of its own, so that of the other rows says whether the machine was disturbed.
func TestReport_JudgesADelay(t *testing.T) {
	for name, tt := range map[string]struct {
		millis []time.Duration
		limits []float64
		want   verdict
	}{
		"met, however much it differs": {[]time.Duration{10, 30, 48}, nil, met},
		"too long":                     {[]time.Duration{60, 61, 62}, nil, missed},
		"within noise":                 {[]time.Duration{45, 51, 60}, nil, near},
		"disturbed":                    {[]time.Duration{10, 11, 12}, []float64{100, 151, 100}, disturbed},
	} {
		r := newReport([]row{
			{name: "delivery", target: p99AtMost(50 * time.Millisecond)},
			{name: "limit"},
			{name: "other", limit: limit{name: "limit"}},
		}, options{})
		for _, ms := range tt.millis {
			r.Rows[0].Rounds = append(r.Rows[0].Rounds, sample{P99: ms * time.Millisecond})
		}
		for _, ops := range append(tt.limits, 100) {
			r.Rows[1].Rounds = append(r.Rows[1].Rounds, sample{Ops: ops})
			r.Rows[2].Rounds = append(r.Rows[2].Rounds, sample{Ops: ops})
		}
		r.judgeRows()
		if got := r.Rows[0].Verdict; got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// The bound may be so many times one row, and another row on top.
func TestReport_AddsTwoRowsToABound(t *testing.T) {
	warm, read := row{name: "warm"}, row{name: "read"}
	cold := row{name: "cold", limit: limit{name: "warm"}, sum: sum{3, limit{name: "read"}}, target: latencyAtMost(1)}
	r := newReport([]row{warm, read, cold}, options{})
	for i, took := range []time.Duration{100, 50, 280} {
		r.Rows[i].Rounds = []sample{{P50: took, Ops: 1}, {P50: 2 * took, Ops: 1}}
	}
	r.judgeRows()
	got := r.Rows[2]
	if got.Ratio.Median != 0.8 || got.Verdict != met || got.Limit != "3 times warm × 0, plus read × 0" {
		t.Errorf("got %v of %q: %s, want 280 of 350", got.Ratio, got.Limit, got.Verdict)
	}
}
