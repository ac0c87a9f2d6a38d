package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// look is what a soak saw of its process at one time.
type look struct {
	after      time.Duration
	live       int64 // bytes that garbage collection found reachable, and stacks
	resident   int64 // bytes of the process in memory; zero where the system does not tell
	goroutines int
	appends    int64
	streams    int64
}

const lookHeadings = "    after    appends   streams  live MiB  RSS MiB  goroutines"

func (l look) String() string {
	return fmt.Sprintf("%9v %10d %9d %9.1f %8.1f %11d", l.after.Round(time.Second/10), l.appends, l.streams,
		float64(l.live)/(1<<20), float64(l.resident)/(1<<20), l.goroutines)
}

// errGrows says that a process needs more the longer it runs.
var errGrows = errors.New("memory is not flat")

// measure is one quantity that must not grow: by at most a share of what it was, and by a little where
// that is next to nothing.
type measure struct {
	name   string
	of     func(look) float64
	share  float64
	little float64
	unit   string
}

// measures tolerate what garbage collection leaves to chance; of the resident size that is more,
// because the runtime gives memory back in its own time.
var measures = []measure{
	{"live", func(l look) float64 { return float64(l.live) / (1 << 20) }, 0.05, 1, " MiB"},
	{"RSS", func(l look) float64 { return float64(l.resident) / (1 << 20) }, 0.10, 8, " MiB"},
	{"goroutines", func(l look) float64 { return float64(l.goroutines) }, 0.05, 4, ""},
}

// flat compares the medians of the second and the last tenth: in the first, buffers and pools fill.
func flat(all []look, stdout io.Writer) error {
	if len(all) < 20 {
		return fmt.Errorf("memory was looked at %d times: that is too few, watch longer", len(all))
	}
	tenth := len(all) / 10
	early, late := all[tenth:2*tenth], all[len(all)-tenth:]

	var grown []string
	for _, m := range measures {
		from, to := m.median(early), m.median(late)
		word := "flat"
		if to > from+max(m.share*from, m.little) {
			word = "GROWS"
			grown = append(grown, m.name)
		}
		fmt.Fprintf(stdout, "%s: %.1f%s in the second tenth, %.1f%s in the last: %s (it may grow by %.0f %% or %.0f%s)\n",
			m.name, from, m.unit, to, m.unit, word, 100*m.share, m.little, m.unit)
	}
	if len(grown) > 0 {
		return fmt.Errorf("%w: %s", errGrows, strings.Join(grown, ", "))
	}
	return nil
}

func (m measure) median(all []look) float64 {
	var values []float64
	for _, l := range all {
		values = append(values, m.of(l))
	}
	return median(values)
}
