package postgres

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// attempts bounds how often a lost race for a stream's next version is run again.
const attempts = 10

// insertProved and insertNext insert any number of records in the order given.
//
// The low-water lock. Positions are drawn before their transaction commits, so a
// reader could pass a position that becomes visible later, and lose it. Therefore
// every statement that draws positions first takes a shared lock that names the
// last position drawn so far: all it is going to draw lie above. A reader asks, in
// three statements of their own, for the last position, then for the lowest bound
// among these locks, and reads no further than either. The lock is
//
//	classid  = the oid of event_entries, as int4 bits: one class a log
//	objid    = the low 32 bits of the last position drawn (0 for none)
//	objsubid = 2, mode ShareLock
//
// and ends with the transaction. It never waits, because it is only ever shared.
//
// That it is taken before the first nextval is a matter of data flow, not of luck:
// each row's nextval is computed on a row joined from floor, a materialised CTE
// with one row, and that row exists only when its lock was taken. That positions
// rise in the given order is PostgreSQL's promise since 9.6 that volatile output
// columns are computed after ORDER BY. Both are tested, with mutants.
//
// insertNext also takes a stream's next version where version is -k, the k-th
// record of this statement that wants one. Looking for the last version costs
// some, so statements that need none go without.
const (
	insertProved = floor + `
		INSERT INTO event_entries (
			position, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key)
		SELECT
			nextval('event_entries_position_seq'), r.stream_type, r.stream_id, r.version, r.event_id,
			r.type, r.schema_version, r.data, r.meta, r.recorded_at, r.occurred_at, r.idempotency_key
		FROM floor, ` + given + `
		ORDER BY r.place
		RETURNING position, version, recorded_at, occurred_at`

	insertNext = floor + `
		INSERT INTO event_entries (
			position, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key)
		SELECT
			nextval('event_entries_position_seq'), r.stream_type, r.stream_id,
			CASE WHEN r.version > 0 THEN r.version ELSE COALESCE(last.version, 0) - r.version END,
			r.event_id, r.type, r.schema_version, r.data, r.meta,
			GREATEST(r.recorded_at, last.recorded_at),
			COALESCE(r.occurred_at, GREATEST(r.recorded_at, last.recorded_at)),
			r.idempotency_key
		FROM floor, ` + given + `
		LEFT JOIN LATERAL (
			SELECT e.version, e.recorded_at
			FROM event_entries AS e
			WHERE e.stream_type = r.stream_type
			AND e.stream_id = r.stream_id
			AND r.version < 0
			ORDER BY e.version DESC
			LIMIT 1
		) AS last ON true
		ORDER BY r.place
		RETURNING position, version, recorded_at, occurred_at`

	floor = `
		WITH floor AS MATERIALIZED (
			SELECT pg_advisory_xact_lock_shared(
				'event_entries'::regclass::oid::bigint::bit(32)::int,
				(CASE WHEN is_called THEN last_value ELSE 0 END)::bit(32)::int)
			FROM event_entries_position_seq
		)`

	given = `unnest(
			$1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::int[],
			$7::json[], $8::json[], $9::timestamptz[], $10::timestamptz[], $11::text[]
		) WITH ORDINALITY AS r (
			stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key, place)`
)

// Insert writes all batches in one round trip and one commit, in which one
// statement inserts all records and one statement each row. Only where that fails
// for the sake of some batch, each goes again on its own. A lost race for a next
// version is run again up to ten times.
//
// A deadlock between the rows of two calls is [store.ErrBusy]. It is ctx that
// bounds the call; where it ends after the statement was sent the answer is
// [store.ErrOutcomeUnknown].
func (s *Store) Insert(ctx context.Context, batches ...*store.Batch) []error {
	errs := make([]error, len(batches))

	err := s.insert(ctx, batches, false)
	if err != nil && len(batches) > 1 && !shared(err) {
		for i := range batches {
			errs[i] = s.insertAlone(ctx, batches[i:i+1])
		}

		return errs
	}
	if err != nil && len(batches) == 1 {
		err = s.raceAgain(ctx, batches, err)
	}
	for i := range errs {
		errs[i] = err
	}

	return errs
}

func (s *Store) insertAlone(ctx context.Context, batch []*store.Batch) error {
	return s.raceAgain(ctx, batch, s.insert(ctx, batch, false))
}

// raceAgain repeats the insert of one batch that lost a race for a next version.
// From here on the racers line up behind a lock on their streams, so that ten
// attempts are plenty for any number of them.
func (s *Store) raceAgain(ctx context.Context, batch []*store.Batch, err error) error {
	for range attempts {
		if !errors.Is(err, store.ErrVersionTaken) || !wantsNext(batch[0]) {
			return err
		}
		err = s.insert(ctx, batch, true)
	}

	return err
}

// insert is one round trip, which PostgreSQL runs as one implicit transaction.
func (s *Store) insert(ctx context.Context, batches []*store.Batch, lockStreams bool) error {
	pipe := newPipeline(batches, lockStreams)
	if pipe.Len() == 0 {
		return nil
	}

	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("insert: %w", unreached(err))
	}
	defer conn.Release()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	stored, err := pipe.send(ctx, conn)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	pipe.given.fill(stored)

	return nil
}

// InsertTx writes batch inside tx between a savepoint and its release, so that a
// refusal never leaves tx aborted. A lost race for a next version is run again up
// to ten times. Nothing else may use tx meanwhile.
func (s *Store) InsertTx(ctx context.Context, tx *gorm.DB, batch *store.Batch) error {
	conn := tx.Statement.ConnPool
	if _, ok := conn.(gorm.TxCommitter); !ok {
		return errors.New("insert: tx is not a transaction")
	}

	err := s.insertTx(ctx, conn, batch, false)
	for range attempts {
		if !errors.Is(err, store.ErrVersionTaken) || !wantsNext(batch) {
			break
		}
		err = s.insertTx(ctx, conn, batch, true)
	}
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	return nil
}

func (s *Store) insertTx(ctx context.Context, conn gorm.ConnPool, batch *store.Batch, lockStreams bool) error {
	if _, err := conn.ExecContext(ctx, "SAVEPOINT ireneo_insert"); err != nil {
		return translate(err)
	}

	stored, given, err := writeTx(ctx, conn, batch, lockStreams)
	if err != nil {
		undo := "ROLLBACK TO SAVEPOINT ireneo_insert; RELEASE SAVEPOINT ireneo_insert"
		if _, undoErr := conn.ExecContext(context.WithoutCancel(ctx), undo); undoErr != nil {
			return errors.Join(err, translate(undoErr))
		}

		return err
	}

	if _, err := conn.ExecContext(ctx, "RELEASE SAVEPOINT ireneo_insert"); err != nil {
		return translate(err)
	}
	given.fill(stored)

	return nil
}

func writeTx(ctx context.Context, conn gorm.ConnPool, batch *store.Batch, lockStreams bool) ([]result, *records, error) {
	given := newRecords([]*store.Batch{batch})
	if lockStreams {
		if _, err := conn.ExecContext(ctx, lockSQL, given.locks()); err != nil {
			return nil, nil, translate(err)
		}
	}

	var stored []result
	if len(given.all) > 0 {
		rows, err := conn.QueryContext(ctx, given.statement(), given.args()...)
		if err != nil {
			return nil, nil, eventError(err)
		}
		if stored, err = scanResults(rows); err != nil {
			return nil, nil, eventError(err)
		}
	}

	for i, row := range batch.Rows {
		if _, err := conn.ExecContext(ctx, upsert(row), values(row)...); err != nil {
			return nil, nil, rowError(i, row, err)
		}
	}

	return stored, given, nil
}
