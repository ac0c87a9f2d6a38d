package store

import (
	"context"
	"sort"
)

// SettledPosition is the last position at which there is a record, as far as the log is
// settled; zero where there is none.
func SettledPosition(ctx context.Context, log Log) (position int64, err error) {
	first := func(q Query) (position int64) {
		q.Limit = 1
		for r, readErr := range log.Read(ctx, q) {
			if readErr != nil {
				err = readErr
			}
			return r.Position
		}
		return 0
	}
	settledFrom := func(position int64) bool {
		return err == nil && first(Query{Order: ByPosition, AfterPosition: position - 1}) > 0
	}

	last := first(Query{Order: NewestFirst})
	if last == 0 || err != nil || settledFrom(last) {
		return last, err
	}
	// Somebody is at work below it: the end is before the first position from which on
	// nothing is settled.
	end := sort.Search(int(last), func(from int) bool { return !settledFrom(int64(from) + 1) })
	return int64(end), err
}
