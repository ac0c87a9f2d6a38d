package store

import "context"

// LastPosition is the last position up to a bound at which there is a record, settled or
// not; zero where there is none.
func LastPosition(ctx context.Context, s Store, upTo int64) (position int64, err error) {
	err = s.DB().WithContext(ctx).Table("event_entries").
		Select("COALESCE(MAX(position), 0)").Where("position <= ?", upTo).Scan(&position).Error
	return position, wrap("find the last position", err)
}
