package store

import "context"

// SettledPosition is the last position at which there is a record, as far as the log is
// settled; zero where there is none.
func SettledPosition(ctx context.Context, log Log) (int64, error) {
	mark, err := log.Settled(ctx)
	if mark == 0 || err != nil {
		return 0, err
	}
	for r, err := range log.Read(ctx, Query{Order: NewestFirst, UpToPosition: mark, Limit: 1}) {
		return r.Position, err
	}

	return 0, nil
}
