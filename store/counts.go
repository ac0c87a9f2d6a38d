package store

import (
	"context"
	"fmt"
)

// Count says how many records of one type there are in the streams of one type.
type Count struct {
	StreamType string
	Type       string
	Records    int64
}

// Counts counts the log by stream type and type, in this order. It reads all of it.
func Counts(ctx context.Context, s Store) ([]Count, error) {
	var counts []Count
	err := scan(s.DB().WithContext(ctx).Table("event_entries").
		Select("stream_type", "type", "COUNT(*) AS records").
		Group("stream_type, type").Order("stream_type, type"), &counts)
	if err != nil {
		return nil, fmt.Errorf("count the log: %w", err)
	}

	return counts, nil
}
