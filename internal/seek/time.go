package seek

import (
	"context"
	"sort"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// slack is how far apart the clocks of processes may be.
const slack = time.Hour

// spots is at how many places, at equal distances, it is looked whether the log follows the
// clocks at all.
const spots = 32

// Between are the points after and before which everything lies that was recorded from
// one moment to another, and not much else; zero moments and points are no bounds. They
// are found by halving the log, which follows the clocks of those who record, give or take
// an hour. Where it is seen not to, there are no bounds.
func Between(ctx context.Context, log store.Pages, from, until time.Time) (after, before store.Point, err error) {
	last, err := head(ctx, log)
	if err != nil || last == 0 {
		return after, before, err
	}
	h := &halving{log: log, last: last, seen: map[int64]time.Time{}}
	for i := range int64(spots) { // halving looks closely at a small part only
		h.recorded(ctx, 1+i*last/spots)
	}
	if !from.IsZero() {
		if first := h.firstFrom(ctx, from.Add(-slack)); first > 1 {
			after = store.Point{Position: first - 1, Ordinal: maxOrdinal}
		}
	}
	if !until.IsZero() {
		if next := h.firstFrom(ctx, until.Add(slack+time.Microsecond)); next <= last {
			before = store.Point{Position: next}
		}
	}
	if h.err != nil || !h.orderly() {
		return store.Point{}, store.Point{}, h.err
	}
	return after, before, nil
}

// First is the first position at which something was recorded at a moment or later, one
// beyond the last where nothing was; it is as exact as the clocks of those who record.
func First(ctx context.Context, log store.Pages, at time.Time) (first, last int64, err error) {
	last, err = head(ctx, log)
	if err != nil || last == 0 {
		return 1, 0, err
	}
	h := &halving{log: log, last: last, seen: map[int64]time.Time{}}
	first = h.firstFrom(ctx, at)
	return first, last, h.err
}

// halving asks when the records at some positions were recorded.
type halving struct {
	log  store.Pages
	last int64
	seen map[int64]time.Time
	err  error
}

// firstFrom is the first position recorded at a moment or later, if the log is orderly.
func (h *halving) firstFrom(ctx context.Context, at time.Time) int64 {
	return 1 + int64(sort.Search(int(h.last), func(i int) bool { return !h.recorded(ctx, int64(i)+1).Before(at) }))
}

// recorded is when the first record from a position on was recorded.
func (h *halving) recorded(ctx context.Context, position int64) time.Time {
	if at, known := h.seen[position]; known || h.err != nil {
		return at
	}
	records, err := h.log.Browse(ctx, store.Browse{
		After: store.Point{Position: position - 1, Ordinal: maxOrdinal}, Oldest: true, Limit: 1,
	})
	if err != nil {
		h.err = err
		return time.Time{}
	}
	if len(records) == 0 { // it was the last one, and is gone
		return time.Time{}
	}
	h.seen[position] = records[0].RecordedAt
	return records[0].RecordedAt
}

// orderly reports whether what was seen was recorded in the order of positions, but for
// the slack.
func (h *halving) orderly() bool {
	positions := make([]int64, 0, len(h.seen))
	for p := range h.seen {
		positions = append(positions, p)
	}
	sort.Slice(positions, func(i, j int) bool { return positions[i] < positions[j] })
	var latest time.Time
	for _, p := range positions {
		if h.seen[p].Before(latest.Add(-slack)) {
			return false
		}
		if h.seen[p].After(latest) {
			latest = h.seen[p]
		}
	}
	return true
}
