package admin

import (
	"fmt"
	"slices"
	"strings"
)

// sparkParts is how many bars the chart has: one a minute.
const sparkParts = 60

// activity is how many events were recorded in the last hour. Where these are many, they
// are counted in a sample.
type activity struct {
	Hour   int64   `json:"last_hour"`
	Minute int64   `json:"per_minute"`
	Most   int64   `json:"most_per_minute"`
	Counts []int64 `json:"minutes"` // the oldest first
}

func newActivity(counts []int64) *activity {
	a := &activity{Counts: counts, Most: slices.Max(counts)}
	for _, n := range counts {
		a.Hour += n
	}
	a.Minute = (a.Hour + sparkParts/2) / sparkParts
	return a
}

// words are what the chart shows.
func (a *activity) words() string {
	switch {
	case a.Hour == 0:
		return "nothing in the last hour"
	case a.Minute == 0:
		return grouped(a.Hour) + " in the last hour"
	default:
		return "about " + grouped(a.Minute) + " a minute, " + grouped(a.Hour) + " in the last hour"
	}
}

// The size of the chart, in its own units.
const (
	sparkWidth  = 600
	sparkHeight = 60
)

// bars are the outlines of the chart's bars. What is not nothing is at least seen.
func (a *activity) bars() string {
	var path strings.Builder
	step := sparkWidth / len(a.Counts)
	for i, n := range a.Counts {
		if n == 0 {
			continue
		}
		height := max(n*sparkHeight/a.Most, 2)
		fmt.Fprintf(&path, "M%d %dv-%dh%dv%dz", i*step+1, sparkHeight, height, step-2, height)
	}
	return path.String()
}
