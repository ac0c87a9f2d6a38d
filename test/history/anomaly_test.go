package history

import (
	"fmt"
	"slices"
	"strings"
)

// anomaly is a kind of thing that must not be found.
type anomaly string

const (
	lostAppend       anomaly = "lost append"         // acknowledged, and not in the log
	abortedWrite     anomaly = "aborted write"       // said to have written nothing, and in the log
	strayEvent       anomaly = "event of nobody"     // in the log, and never asked for
	duplicateCommand anomaly = "duplicate command"   // done twice
	tornBatch        anomaly = "torn batch"          // in part, or not at one position
	versionGap       anomaly = "version gap"         // the versions of a stream are not 1, 2, 3 …
	wrongVersion     anomaly = "wrong version"       // not where it was expected, or not where it was said to be
	skippedDelivery  anomaly = "skipped delivery"    // never handed out
	repeatedDelivery anomaly = "repeated delivery"   // handed out twice
	disorder         anomaly = "reordered delivery"  // handed out in another order than that of the log
	wrongCursor      anomaly = "wrong cursor"        // behind or ahead of what was handled
	wrongRow         anomaly = "wrong read model"    // not what the log folds to
	wrongSum         anomaly = "money not conserved" // made or lost
	staleRead        anomaly = "stale read"          // without what was acknowledged before it began
	wrongRead        anomaly = "wrong read"          // of what was not there, or not what it folds to
	partialRead      anomaly = "partial read"        // of a part of what an operation wrote
	cycle            anomaly = "dependency cycle"    // no order of the operations explains what they read
	nonlinear        anomaly = "not linearizable"    // no order of a stream's operations explains their answers
)

// finding is one anomaly.
type finding struct {
	anomaly
	text string
}

// report collects findings.
type report []finding

func (r *report) add(a anomaly, format string, args ...any) {
	*r = append(*r, finding{a, fmt.Sprintf(format, args...)})
}

// kinds are the anomalies found, each once.
func (r *report) kinds() (all []anomaly) {
	for _, f := range *r {
		all = append(all, f.anomaly)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// String shows some of each kind.
func (r *report) String() string {
	const shown = 5
	var b strings.Builder
	for _, kind := range r.kinds() {
		count := 0
		for _, f := range *r {
			if f.anomaly != kind {
				continue
			}
			if count++; count <= shown {
				fmt.Fprintf(&b, "%s: %s\n", kind, f.text)
			}
		}
		if count > shown {
			fmt.Fprintf(&b, "%s: … %d in all\n", kind, count)
		}
	}
	return b.String()
}

// check looks for everything.
func (e *evidence) check() report {
	var r report
	all, strays := e.operations()
	for _, n := range strays {
		r.add(strayEvent, "%s says it is of %q", n.at(), n.Fields.Op)
	}
	checkOutcomes(&r, all)
	checkOnce(&r, all)
	e.checkJots(&r, all)
	streams := e.streams()
	checkVersions(&r, streams)
	checkReads(&r, all, streams)
	checkPartial(&r, all)
	checkCycles(&r, all, withShows(streams))
	checkLinear(&r, all)
	e.checkFollowers(&r)
	e.checkEffects(&r)
	e.checkRows(&r, streams)
	return r
}
