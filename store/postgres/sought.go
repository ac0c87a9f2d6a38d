package postgres

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// A batch with Unless draws its position first, waits until all that drew below it have
// committed or rolled back, and looks then. So no record that Unless would have found can
// ever lie between what it saw and the batch, in the order of the log, whoever wrote it:
// what lies before is there to be seen, and nothing is added to it any more. Others may have
// drawn above meanwhile, and whoever looks for what this batch writes sees it, or waits.
//
// Who drew below is told by the low-water locks, as a reader tells it: see settled.go.
// Somebody whose lock names the position just before ours can draw no other than ours
// before it, which is taken.
//
// Two such batches would wait for each other for ever where both have taken their lock
// before either drew. Therefore they settle it between them beforehand, with the locks that
// guard.go takes: on each type it seeks a batch has an exclusive lock, on each type of its
// records a shared one. Of two that have them at the same time neither writes what the other
// seeks, so that they need not wait for each other. So has every batch with a guard: one
// that has checked a stream, but not drawn yet, is later than all that drew meanwhile, and
// must not write what somebody seeks who has read that stream since. That somebody has these
// locks is told by one more, which all of them hold: shared, or exclusively if they seek
// all types.
const (
	drawSQL = floor + `
		SELECT nextval('event_entries_position_seq')
		FROM floor`

	olderSQL = `
		WITH holders AS MATERIALIZED (
			SELECT pid
			FROM pg_locks` + held + `
			AND pid IS DISTINCT FROM pg_backend_pid()
			AND (($1::bigint - objid::bigint) & 4294967295)::bit(32)::int > 1
		)
		SELECT EXISTS (
			SELECT
			FROM holders
			WHERE NOT EXISTS (
				SELECT
				FROM pg_locks
				WHERE locktype = 'advisory'
				AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
				AND classid::bigint << 32 | objid::bigint = $2
				AND objsubid = 1
				AND granted
				AND pid = holders.pid
			)
		)`

	longestPause = 20 * time.Millisecond

	// longestWait is for how long others may have to wait for the locks on types of a batch
	// that waits itself, for a transaction of a host that stays open.
	longestWait = 2 * time.Second
)

func seeks(b *store.Batch) bool { return b.Guard != nil && b.Guard.Unless != nil }

// addTypes locks the types of the records, and those that are sought.
func (l guardLocks) addTypes(batch *store.Batch) {
	for _, rec := range batch.Records {
		l.add(typeKey(rec.Type), false)
	}
	l.add(seekerKey(), seeks(batch) && batch.Guard.Sought == nil)
	if !seeks(batch) {
		return
	}
	for _, name := range batch.Guard.Sought {
		l.add(typeKey(name), true)
	}
}

func typeKey(name string) int64 { return guardKey("type\x00" + name) }

// seekerKey is that of the lock that every batch with a guard holds.
func seekerKey() int64 { return guardKey("seeker") }

// draw gives the records their position before they are inserted, and returns when all that
// will ever lie before it is committed.
func (r *records) draw(ctx context.Context, conn gorm.ConnPool) error {
	if err := conn.QueryRowContext(ctx, drawSQL).Scan(&r.position); err != nil {
		return txError(ctx, err)
	}

	waiting, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	for pause := time.Millisecond; ; pause = min(2*pause, longestPause) {
		var older bool
		if err := conn.QueryRowContext(ctx, olderSQL, r.position, seekerKey()).Scan(&older); err != nil && ctx.Err() == nil {
			return txError(ctx, err)
		} else if err == nil && !older {
			return nil
		}

		select {
		case <-waiting.Done():
			return fmt.Errorf("%w: an older transaction holds the log back", store.ErrBusy)
		case <-time.After(pause):
		}
	}
}
