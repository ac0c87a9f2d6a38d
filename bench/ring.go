package main

import "slices"

// informed is how many rounds a row has that no verdict needs.
const informed = 2

// ring is the rows, by their place in the table, that take turns in a round: a row and what it is
// compared with, directly or through others. All rows at once would need more connections than a
// server has, and a row would wait long for its limit's turn.
type ring []int

// rings are all rows, each in one ring.
func rings(rows []row) []ring {
	of := map[limit]int{}
	for i, r := range rows {
		of[r.key()] = i
	}
	var all []ring
	for i, r := range rows {
		joined := ring{i}
		for _, l := range r.against() {
			if other, ok := of[l]; ok {
				joined = append(joined, other)
			}
		}
		all = join(all, joined)
	}
	return all
}

// join adds what belongs together, and makes one ring of those that it has a row of.
func join(all []ring, joined ring) []ring {
	var rest []ring
	for _, other := range all {
		if slices.ContainsFunc(joined, func(i int) bool { return slices.Contains(other, i) }) {
			joined = append(joined, other...)
		} else {
			rest = append(rest, other)
		}
	}
	slices.Sort(joined)
	return append(rest, slices.Compact(joined))
}

// in is the rows of the ring that are measured in a round, counted from 0: those that a verdict needs
// in all, others in the first only. Memory does not differ from one round to the next.
func (r ring) in(rows []row, round int) (some ring) {
	judged := with(rows, func(r row) bool { return r.target != target{} && r.target.kind != memory })
	for _, i := range r {
		if round < informed || judged[rows[i].key()] {
			some = append(some, i)
		}
	}
	return some
}

func (r ring) of(rows []row) (all []row) {
	for _, i := range r {
		all = append(all, rows[i])
	}
	return all
}
