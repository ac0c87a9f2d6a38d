package history

import (
	"fmt"
	"slices"
	"sort"
	"strings"
)

// handed is one event as it was delivered.
type handed struct {
	position int64
	at       string
}

// compareDelivery says what was skipped, repeated or out of order.
func compareDelivery(r *report, who string, got, want []handed) {
	if slices.Equal(got, want) {
		return
	}
	seen, before := map[handed]bool{}, len(*r)
	for _, h := range got {
		if seen[h] {
			r.add(repeatedDelivery, "%s was handed %s at position %d again", who, h.at, h.position)
		}
		seen[h] = true
	}
	expected := map[handed]bool{}
	for _, h := range want {
		expected[h] = true
		if !seen[h] {
			r.add(skippedDelivery, "%s was never handed %s at position %d", who, h.at, h.position)
		}
	}
	for _, h := range got {
		if !expected[h] {
			r.add(strayEvent, "%s was handed %s at position %d, which is not for it", who, h.at, h.position)
		}
	}
	if len(*r) > before {
		return
	}
	for i := range got {
		if got[i] != want[i] {
			r.add(disorder, "%s was handed %s where the log has %s", who, got[i].at, want[i].at)
			return
		}
	}
}

// checkFollowers compares what each follower was yielded, from where it began to its last
// batch, with the log. The next one of its name goes on at its last checkpoint or later.
func (e *evidence) checkFollowers(r *report) {
	for process, lines := range e.histories {
		var got []handed
		var session line
		var last, done int64
		compare := func() {
			if session.Kind == "" {
				return
			}
			if done > last {
				r.add(wrongCursor, "%s is at %d, it was handed what is up to %d", process, done, last)
			}
			compareDelivery(r, process+" "+session.Op, got, e.between(session.Position, last, ""))
		}
		for _, l := range lines {
			switch l.Kind {
			case following:
				compare()
				session, got, last, done = l, nil, l.Position, l.Position
			case delivered:
				last = l.Position
				for _, at := range l.Entries {
					got = append(got, handed{l.Position, at})
				}
			case reached:
				done = l.Position
			}
		}
		compare()
	}
}

// between are the entries of streams of a kind, empty for all, after one position and up to
// another.
func (e *evidence) between(after, upTo int64, kind string) (all []handed) {
	first := sort.Search(len(e.entries), func(i int) bool { return e.entries[i].Position > after })
	for i := first; i < len(e.entries) && e.entries[i].Position <= upTo; i++ {
		if n := &e.entries[i]; strings.HasPrefix(n.StreamType, kind) {
			all = append(all, handed{n.Position, n.at()})
		}
	}
	return all
}

// checkEffects compares what each subscription has written with the log, and with how far
// it says it has come.
func (e *evidence) checkEffects(r *report) {
	if len(e.entries) == 0 {
		return
	}
	head := e.entries[len(e.entries)-1].Position
	for _, c := range e.cursors {
		if c.State != "running" {
			r.add(wrongCursor, "%s is %s: %s", c.Name, c.State, c.Reason)
		}
		if c.Position < head {
			r.add(wrongCursor, "%s has come to %d, the log to %d", c.Name, c.Position, head)
		}
	}
	for name, kind := range map[string]string{"all": "", "money": "account"} {
		var got []handed
		for _, row := range e.effects {
			if row.Subscription == name {
				got = append(got, handed{row.Position, fmt.Sprint(row.Stream, "@", row.Version)})
			}
		}
		compareDelivery(r, name, got, e.between(0, head, kind))
	}
}
