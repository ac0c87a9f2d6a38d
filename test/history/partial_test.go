package history

import (
	"cmp"
	"slices"
	"sort"
)

// pair is two streams that some operations have written to together, in this order.
type pair struct{ seen, missed string }

// together are the first versions that one operation wrote of the two.
type together struct {
	seen, missed int64
	op           *operation
}

// checkPartial wants commands that wrote nothing, because there was nothing to write or
// they were refused, to have been decided on what was all true at one moment: whoever has
// seen what an operation wrote to one stream must have seen what it wrote to another.
//
// They are not looked for in dependency cycles. A moment is what they are promised, and
// in that there may be what comes later in the one order of all that was committed: the
// anomaly of read-only transactions that Fekete, O'Neil and O'Neil have described.
func checkPartial(r *report, all []*operation) {
	wrote := pairs(all)
	for _, op := range all {
		if op.invoke.What == "read" || op.outcome.Kind != accepted && op.outcome.Kind != rejected {
			continue
		}
		for seen, version := range op.outcome.Read {
			for missed, other := range op.outcome.Read {
				of := wrote[pair{seen, missed}]
				i := sort.Search(len(of), func(i int) bool { return of[i].seen > version })
				if i > 0 && of[i-1].missed > other {
					r.add(partialRead, "%s has read %s@%d and %s@%d, but %s wrote %s@%d and %s@%d", op, seen, version, missed, other,
						of[i-1].op, seen, of[i-1].seen, missed, of[i-1].missed)
				}
			}
		}
	}
}

// pairs are all that were written to together in one commit, in the order of the versions.
func pairs(all []*operation) map[pair][]together {
	wrote := map[pair][]together{}
	for _, op := range all {
		first := map[string]int64{}
		for _, n := range slices.Backward(op.entries) {
			first[n.stream()] = n.Version
		}
		for a, seen := range first {
			for b, missed := range first {
				if a != b {
					wrote[pair{a, b}] = append(wrote[pair{a, b}], together{seen, missed, op})
				}
			}
		}
	}
	for _, of := range wrote {
		slices.SortFunc(of, func(a, b together) int { return cmp.Compare(a.seen, b.seen) })
	}
	return wrote
}
