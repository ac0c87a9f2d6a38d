package postgres

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// A batch that appends to what it was decided on, and to nothing else, needs no lock and no
// check: of two that go on from the same version of a stream the unique index lets one
// through, and there is nothing it has read that another could change behind its back.
//
// A batch with a guard has read streams that it does not append to, and no index knows of
// them. It locks both, shared what it read and exclusively what it appends to, until it has
// committed, and then looks again whether what it read is still as it was. Of two batches
// of which each read what the other writes one waits for the other, and its check then finds
// the other's records; so it is with any number of them in a circle. Locks are on names, so
// that streams without records have theirs as well.
//
// That the check is a statement of its own is essential: it sees what was committed before
// it begins, which has to be after the locks are held. They are taken in the order of their
// keys, and in one statement, so that two batches never wait for each other. They come
// before the low-water lock, so that nobody who waits here keeps the log from settling.
const (
	guardLockSQL = `
		SELECT CASE
			WHEN exclusive THEN pg_advisory_xact_lock(key)
			ELSE pg_advisory_xact_lock_shared(key)
		END
		FROM unnest($1::bigint[], $2::boolean[]) AS lock (key, exclusive)`

	guardCheckSQL = `
		SELECT event_entries_guard($1::text[], $2::text[], $3::bigint[])`
)

// errGuarded refuses a guard or an execution in a transaction of the host.
var errGuarded = errors.New("a batch with a guard or an execution needs a transaction of its own")

// errUnproved refuses a guard that says nothing of the streams that are appended to.
var errUnproved = errors.New("a batch with a guard needs a version in every record")

func isGuarded(b *store.Batch) bool { return b.Guard != nil || b.Execution != nil }

// calls says whether code of the host runs in the transaction of a batch.
func calls(b *store.Batch) bool { return hasWrite(b) || seeks(b) }

// guardLocks are the keys that a batch locks, and whether it does so exclusively.
type guardLocks map[int64]bool

func locksOf(batch *store.Batch) guardLocks {
	locks := guardLocks{}
	if batch.Guard == nil || len(batch.Guard.Streams) == 0 && batch.Guard.Unless == nil {
		return locks
	}

	for _, at := range batch.Guard.Streams {
		locks.add(streamKey(at.Stream), false)
	}
	for _, rec := range batch.Records {
		locks.add(streamKey(rec.Stream), true)
	}
	locks.addTypes(batch)

	return locks
}

// add locks a key. One that two names share is locked once, exclusively if either is.
func (l guardLocks) add(key int64, exclusive bool) { l[key] = l[key] || exclusive }

func (l guardLocks) args() []any {
	keys := slices.Sorted(maps.Keys(l))
	exclusive := make(array[bool], len(keys))
	for i, key := range keys {
		exclusive[i] = l[key]
	}

	return []any{array[int64](keys), exclusive}
}

func streamKey(s store.Stream) int64 { return guardKey("stream\x00" + s.Type + "\x00" + s.ID) }

func guardKey(name string) int64 {
	h := fnv.New64a()
	h.Write([]byte("ireneo guard\x00" + name))

	return int64(h.Sum64())
}

// streamArgs are streams and their versions, each column one array.
func streamArgs(streams []store.At) []any {
	n := len(streams)
	types, ids, versions := make(array[string], n), make(array[string], n), make(array[int64], n)
	for i, at := range streams {
		types[i], ids[i], versions[i] = at.Stream.Type, at.Stream.ID, at.Version
	}

	return []any{types, ids, versions}
}

// queueGuard puts the locks and the check of a batch before its records.
func (p *pipeline) queueGuard(batch *store.Batch) {
	if batch.Guard == nil || len(batch.Guard.Streams) == 0 {
		return
	}
	p.Queue(guardLockSQL, locksOf(batch).args()...)
	p.Queue(guardCheckSQL, streamArgs(batch.Guard.Streams)...)
	p.ahead += 2
}

// guardTx is what comes before the records of a batch in an explicit transaction. An error
// of the host's own Unless is returned as it is.
func guardTx(ctx context.Context, tx *gorm.DB, given *records, batch *store.Batch) error {
	conn := tx.Statement.ConnPool
	if locks := locksOf(batch); len(locks) > 0 {
		if _, err := conn.ExecContext(ctx, guardLockSQL, locks.args()...); err != nil {
			return fmt.Errorf("insert: %w", txError(ctx, err))
		}
	}
	if len(batch.Guard.Streams) > 0 {
		if _, err := conn.ExecContext(ctx, guardCheckSQL, streamArgs(batch.Guard.Streams)...); err != nil {
			return fmt.Errorf("insert: %w", txError(ctx, err))
		}
	}
	if batch.Guard.Unless == nil {
		return nil
	}

	if err := given.draw(ctx, conn); err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	return batch.Guard.Unless(ctx, tx)
}

// isolation is that of a batch's explicit transaction: where there is a guard it is the one
// in which each statement sees what was committed before it.
func isolation(batch *store.Batch) *sql.TxOptions {
	if batch.Guard == nil {
		return nil
	}

	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

// movedError is what the check raised.
func movedError(pg *pgconn.PgError) error {
	var moved struct {
		Type, ID         string
		Expected, Actual int64
	}
	if err := json.Unmarshal([]byte(pg.Detail), &moved); err != nil {
		return errors.Join(pg, err)
	}

	return &store.MovedError{
		Stream:   store.Stream{Type: moved.Type, ID: moved.ID},
		Expected: moved.Expected, Actual: moved.Actual,
	}
}
