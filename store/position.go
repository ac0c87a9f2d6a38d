package store

import (
	"context"
	"errors"
	"math"
	"sort"

	"gorm.io/gorm"
)

// LastPosition is the last position up to a bound at which there is a record, settled or
// not; zero where there is none.
func LastPosition(ctx context.Context, db *gorm.DB, upTo int64) (position int64, err error) {
	err = db.WithContext(ctx).Table("event_entries").
		Select("COALESCE(MAX(position), 0)").Where("position <= ?", upTo).Scan(&position).Error
	return position, wrap("find the last position", err)
}

// SettledPosition is the last position at which there is a record, as far as the log is
// settled; zero where there is none.
func SettledPosition(ctx context.Context, s Store) (position int64, err error) {
	last, err := LastPosition(ctx, s.DB(), math.MaxInt64)
	if err != nil {
		return 0, err
	}
	// The first position from which on nothing is settled. It is the one after the last,
	// unless somebody is at work.
	settled := func(from int64) (at int64) {
		for r, readErr := range s.Read(ctx, Query{Order: ByPosition, AfterPosition: from - 1, Limit: 1}) {
			err = errors.Join(err, readErr)
			return r.Position
		}
		return 0
	}
	if last == 0 || settled(last) > 0 {
		return last, err
	}
	beyond := sort.Search(int(last), func(from int) bool { return settled(int64(from)+1) == 0 })
	return int64(beyond), err
}
