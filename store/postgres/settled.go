package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ireneo-dev/ireneo/store"
)

// The log is read in three statements, each of which sees what is committed when it
// begins, and in this order; see log.go for the lock. Let H be the last position drawn
// when the first runs. Whoever draws above H is not read. Whoever drew at or below H has
// taken its lock before it drew, with a bound below what it drew: if it is still at work
// when the second runs, its bound is seen, and nothing above that bound is read; if it is
// not, it has committed or rolled back before the third begins, which then sees all of it
// or none for ever. With the first two swapped, or in one statement, a transaction can
// draw and lock between them and be lost.
const (
	// lastDrawn is the last position drawn.
	lastDrawn = `
		SELECT CASE WHEN is_called THEN last_value ELSE 0 END
		FROM event_entries_position_seq`

	// lowWater is how far below a position the lowest bound lies, among the locks that
	// are held in this log; nothing where there is none. Locks hold the low 32 bits of
	// their bounds, which are taken for less than 2^31 away.
	lowWater = `
		SELECT MAX((($1::bigint - objid::bigint) & 4294967295)::bit(32)::int)
		FROM pg_locks` + held

	// holders are those who hold these locks. Who may not see what others do is shown
	// their processes alone.
	holders = `
		SELECT DISTINCT
			a.pid, COALESCE(a.application_name, ''), COALESCE(host(a.client_addr), ''),
			COALESCE(a.state, ''), a.xact_start
		FROM pg_locks
		JOIN pg_stat_activity AS a USING (pid)` + held + `
		ORDER BY 5, 1`

	held = `
		WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
		AND classid = 'event_entries'::regclass::oid
		AND objsubid = 2
		AND mode = 'ShareLock'
		AND granted`

	// settled selects the records after one position and up to another, in whole
	// batches: the last one may exceed the limit.
	settled = columns + `
		WHERE position > $1
		AND position <= LEAST($2, (
			SELECT MAX(position)
			FROM (
				SELECT position
				FROM event_entries
				WHERE position > $1
				AND position <= $2
				ORDER BY position, ordinal
				LIMIT $3
			) AS page))
		ORDER BY position, ordinal`
)

// Settled is the low-water mark.
func (s *Store) Settled(ctx context.Context) (int64, error) {
	var last int64
	if err := s.pool.QueryRow(ctx, lastDrawn).Scan(&last); err != nil {
		return 0, fmt.Errorf("last position: %w", broken(ctx, err))
	}
	var below *int64
	if err := s.pool.QueryRow(ctx, lowWater, last).Scan(&below); err != nil {
		return 0, fmt.Errorf("low-water mark: %w", broken(ctx, err))
	}
	if below == nil {
		return last, nil
	}

	return last - max(*below, 0), nil
}

// markOf is the position up to which q reads the log: as far as it is settled, unless q
// is content with what its transaction sees.
func (s *Store) markOf(ctx context.Context, q store.Query) (int64, error) {
	if q.Tx != nil {
		return upTo(q), nil
	}
	mark, err := s.Settled(ctx)

	return min(mark, upTo(q)), err
}

// Holders are the transactions whose locks keep the log from settling.
func (s *Store) Holders(ctx context.Context) ([]store.Holder, error) {
	rows, err := s.pool.Query(ctx, holders)
	if err != nil {
		return nil, fmt.Errorf("holders: %w", broken(ctx, err))
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h store.Holder, err error) {
		var since *time.Time
		err = row.Scan(&h.Process, &h.Application, &h.Client, &h.State, &since)
		if since != nil {
			h.Since = *since
		}

		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("holders: %w", broken(ctx, err))
	}

	return all, nil
}
