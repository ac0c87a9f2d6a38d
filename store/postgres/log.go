package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// attempts bounds how often a lost race for a stream's next version is run again.
const attempts = 100

// The statements that insert records: with versions proved by the caller, or taking
// a stream's next one where version is -k, the k-th record of the statement that
// wants one; for one record, or for any number of them in the order given. Looking
// for a stream's last version costs some, so proved statements go without. Arrays
// cost a single record a quarter more time than plain parameters do.
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
// each batch's nextval is computed on a row joined from floor, a materialised CTE
// with one row, and that row exists only when its lock was taken. That positions
// rise in the given order is PostgreSQL's promise since 9.6 that volatile output
// columns are computed after ORDER BY. Both are tested, the first with a mutant.
//
// The sub-select around the first array hides its length from the planner, which
// would else find a plan for the length at hand ever cheaper than a general one and
// plan anew each time, for longer than the statement runs.
//
// Whatever their order in their batches, records go into the table in the order of their
// streams and versions. Two statements that want the same versions then meet at the first
// of them, where one waits. Else each could wait for what the other has: a deadlock.
const (
	insertOneProved     = floor + insertInto + proved + oneGiven + returning
	insertOneNext       = floor + insertInto + next + oneGiven + lastStored + returning + taken
	insertManyProved    = floor + perBatch + insertInto + proved + manyGiven + byVersions + returning
	insertManyNext      = floor + perBatch + insertInto + next + manyGiven + lastStored + byVersions + returning + taken
	insertSeveralProved = patientFloor + perBatch + insertInto + proved + manyGiven + byVersions + returning
	insertSeveralNext   = patientFloor + perBatch + insertInto + next + manyGiven + lastStored + byVersions + returning + taken
	insertManyAt        = givenPosition + insertInto + proved + manyGiven + byVersions + returning

	floor        = beforeFloor + takeFloor
	patientFloor = beforeFloor + lockTimeout + takeFloor

	beforeFloor = `
		WITH floor AS MATERIALIZED (
			SELECT`

	// lockTimeout bounds how long several batches wait for each lock on a version or a row, up
	// to their commit: none of them shall make the others wait for a transaction that stays open.
	lockTimeout = `
				set_config('lock_timeout', '100ms', true),`

	takeFloor = `
				pg_advisory_xact_lock_shared(
					'event_entries'::regclass::oid::bigint::bit(32)::int,
					(CASE WHEN is_called THEN last_value ELSE 0 END)::bit(32)::int)
			FROM event_entries_position_seq
		)`

	perBatch = `, drawn AS MATERIALIZED (
			SELECT b.batch, nextval('event_entries_position_seq') AS position
			FROM floor, (SELECT DISTINCT unnest((SELECT $12::int[])) AS batch) AS b
			ORDER BY b.batch
		)`

	givenPosition = `
		WITH drawn AS (
			SELECT 0 AS batch, $16::bigint AS position
		)`

	insertInto = `
		INSERT INTO event_entries (
			position, ordinal, stream_type, stream_id, event_id, type, schema_version, data, meta, idempotency_key,
			correlation_id, causation_id, version, recorded_at, occurred_at)
		SELECT
			r.position, r.ordinal, r.stream_type, r.stream_id, r.event_id, r.type,
			r.schema_version, r.data, r.meta, r.idempotency_key, r.correlation_id, r.causation_id,`

	proved = `
			r.version, r.recorded_at, r.occurred_at`

	next = `
			CASE WHEN r.version > 0 THEN r.version ELSE COALESCE(last.version, 0) - r.version END,
			GREATEST(r.recorded_at, last.recorded_at),
			COALESCE(r.occurred_at, GREATEST(r.recorded_at, last.recorded_at))`

	oneGiven = `
		FROM (
			SELECT
				nextval('event_entries_position_seq') AS position, 1 AS ordinal,
				$1::text AS stream_type, $2::text AS stream_id, $3::bigint AS version, $4::uuid AS event_id,
				$5::text AS type, $6::int AS schema_version, $7::json AS data, $8::json AS meta,
				$9::timestamptz AS recorded_at, $10::timestamptz AS occurred_at,
				$11::text AS idempotency_key, $12::text AS correlation_id, $13::text AS causation_id
			FROM floor
		) AS r`

	manyGiven = `
		FROM (
			SELECT drawn.position, given.*
			FROM drawn
			JOIN unnest(
				(SELECT $1::text[]), $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::int[],
				$7::json[], $8::json[], $9::timestamptz[], $10::timestamptz[], $11::text[],
				$12::int[], $13::int[], $14::text[], $15::text[]
			) AS given (
				stream_type, stream_id, version, event_id, type, schema_version,
				data, meta, recorded_at, occurred_at, idempotency_key, batch, ordinal,
				correlation_id, causation_id)
			USING (batch)
		) AS r`

	lastStored = `
		LEFT JOIN LATERAL (
			SELECT e.version, e.recorded_at
			FROM event_entries AS e
			WHERE e.stream_type = r.stream_type
			AND e.stream_id = r.stream_id
			AND r.version < 0
			ORDER BY e.version DESC
			LIMIT 1
		) AS last ON true`

	byVersions = `
		ORDER BY r.stream_type COLLATE "C", r.stream_id COLLATE "C", 13`

	returning = `
		RETURNING position, ordinal`

	taken = `, version, recorded_at, occurred_at`
)

// worthwhile are as many as it takes for one to commit while the next gathers.
const worthwhile = 2

// Writers is how many Inserts of several batches are worthwhile at the same time.
func (s *Store) Writers() int { return worthwhile }

// Insert writes all batches in one round trip and one commit, in which one statement inserts
// all records and one each group of like rows. One batch alone that has lost a race for a next
// version is run again up to a hundred times. Several wait up to a tenth of a second for each
// lock.
//
// A deadlock between the rows of two calls is [store.ErrBusy]. It is ctx that
// bounds the call; where it ends after the statement was sent the answer is
// [store.ErrOutcomeUnknown].
func (s *Store) Insert(ctx context.Context, batches ...*store.Batch) error {
	switch {
	case len(batches) == 0:
		return nil
	case len(batches) == 1:
		return s.insertSingle(ctx, batches[0])
	case slices.ContainsFunc(batches, (*store.Batch).GoesAlone):
		return fmt.Errorf("insert: %w", store.ErrGoesAlone)
	}

	return s.insert(ctx, batches, false, maxParameters)
}

// insertAlone inserts one batch and repeats that where it lost a race for a next
// version. From the second attempt on the racers line up behind a lock on their
// streams, so that ten attempts are plenty for any number of them.
func (s *Store) insertAlone(ctx context.Context, batch *store.Batch, insert insertFunc) error {
	err := insert(ctx, batch, false)
	for range attempts {
		if !errors.Is(err, store.ErrVersionTaken) || !wantsNext(batch) {
			break
		}
		err = insert(ctx, batch, true)
	}

	return err
}

// insertSingle inserts one batch: in one round trip, unless it calls back.
func (s *Store) insertSingle(ctx context.Context, batch *store.Batch) error {
	if batch.Guard != nil && wantsNext(batch) {
		return fmt.Errorf("insert: %w", errUnproved)
	}
	if calls(batch) {
		return s.insertAlone(ctx, batch, s.insertCalling)
	}

	return s.insertAlone(ctx, batch, s.insertOne)
}

// insertFunc makes one attempt, after locking the batch's streams if it is told to.
type insertFunc func(ctx context.Context, batch *store.Batch, lockStreams bool) error

func (s *Store) insertOne(ctx context.Context, batch *store.Batch, lockStreams bool) error {
	return naming(batch, func(parameters int) error {
		return s.insert(ctx, []*store.Batch{batch}, lockStreams, parameters)
	})
}

// naming writes a batch, or nothing. Where several rows of it were refused together they
// are written one by one, so that the error names the one.
func naming(batch *store.Batch, write func(parameters int) error) error {
	if hasWrite(batch) || len(batch.Rows) < 2 {
		return write(oneRow)
	}

	err := write(maxParameters)
	if _, ok := errors.AsType[*store.RowError](err); ok {
		return write(oneRow)
	}

	return err
}

// insert is one round trip, which PostgreSQL runs as one implicit transaction.
func (s *Store) insert(ctx context.Context, batches []*store.Batch, lockStreams bool, parameters int) error {
	pipe := newPipeline(batches, lockStreams, parameters)
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
	s.announcer.announce()
	pipe.given.fill(stored)

	return nil
}

// insertCalling writes a batch in an explicit transaction, in which its rows may
// call back. ctx ends its statements but not its COMMIT.
func (s *Store) insertCalling(ctx context.Context, batch *store.Batch, lockStreams bool) error {
	conn, err := s.sql.Conn(ctx)
	if err != nil {
		return fmt.Errorf("insert: %w", unreached(err))
	}
	defer conn.Close()
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), isolation(batch))
	if err != nil {
		return fmt.Errorf("insert: %w", unreached(err))
	}
	defer tx.Rollback() //nolint:errcheck // done is done: after a commit there is nothing to undo

	given, inside := newRecords([]*store.Batch{batch}), handle(ctx, s.db, tx)
	if batch.Guard != nil {
		if err := guardTx(ctx, inside, given, batch); err != nil {
			return err
		}
	}
	stored, err := writeTx(ctx, inside, given, place(batch.Rows, oneRow), lockStreams)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	if err := tx.Commit(); err != nil {
		return fmt.Errorf("insert: %w", commitError(err))
	}
	s.announcer.announce()
	given.fill(stored)

	return nil
}

// InsertTx writes batch inside tx between a savepoint and its release, so that a
// refusal never leaves tx aborted. A lost race for a next version is run again up
// to ten times. Where ctx ends in the middle the connection is lost, and tx with
// it. Nothing else may use tx meanwhile.
func (s *Store) InsertTx(ctx context.Context, tx *gorm.DB, batch *store.Batch) error {
	if _, ok := tx.Statement.ConnPool.(gorm.TxCommitter); !ok {
		return fmt.Errorf("insert: %w", store.ErrNotInTransaction)
	}
	if isGuarded(batch) {
		return fmt.Errorf("insert: %w", errGuarded)
	}

	err := s.insertAlone(ctx, batch, func(ctx context.Context, batch *store.Batch, lockStreams bool) error {
		return naming(batch, func(parameters int) error {
			return insertSaved(ctx, handle(ctx, tx, tx.Statement.ConnPool), batch, lockStreams, parameters)
		})
	})
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	return nil
}

// insertSaved writes a batch between a savepoint and its release.
func insertSaved(ctx context.Context, tx *gorm.DB, batch *store.Batch, lockStreams bool, parameters int) error {
	conn := tx.Statement.ConnPool
	if _, err := conn.ExecContext(ctx, "SAVEPOINT ireneo_insert"); err != nil {
		return txError(ctx, err)
	}

	given := newRecords([]*store.Batch{batch})
	stored, err := writeTx(ctx, tx, given, place(batch.Rows, parameters), lockStreams)
	if err != nil {
		undo := "ROLLBACK TO SAVEPOINT ireneo_insert; RELEASE SAVEPOINT ireneo_insert"
		if _, undoErr := conn.ExecContext(context.WithoutCancel(ctx), undo); undoErr != nil {
			return errors.Join(err, translate(undoErr))
		}

		return err
	}

	if _, err := conn.ExecContext(ctx, "RELEASE SAVEPOINT ireneo_insert"); err != nil {
		return txError(ctx, err)
	}
	given.fill(stored)

	return nil
}

func writeTx(ctx context.Context, tx *gorm.DB, given *records, rows []placed, lockStreams bool) (stored []result, err error) {
	conn := tx.Statement.ConnPool
	if lockStreams {
		if _, err := conn.ExecContext(ctx, lockSQL, given.locks()); err != nil {
			return nil, txError(ctx, err)
		}
	}

	if len(given.all) > 0 {
		answer, err := conn.QueryContext(ctx, given.statement(), given.args()...)
		if err == nil {
			stored, err = given.scanAll(answer)
		}
		if err != nil {
			return nil, txError(ctx, err)
		}
	}

	if len(given.executions) > 0 {
		if _, err := conn.ExecContext(ctx, executionSQL, executionArgs(given.executions)...); err != nil {
			return nil, txError(ctx, err)
		}
	}

	for _, at := range rows {
		if err := writeRows(ctx, tx, at.rows); err != nil {
			if brokenOff(err) && at.rows[0].Write == nil {
				return nil, broken(ctx, err)
			}

			return nil, at.error(err)
		}
	}

	return stored, nil
}

func writeRows(ctx context.Context, tx *gorm.DB, rows []store.Row) error {
	if rows[0].Write != nil {
		return rows[0].Write(ctx, tx)
	}
	_, err := tx.Statement.ConnPool.ExecContext(ctx, upsert(rows), values(rows)...)

	return err
}

// handle is a fresh GORM session that uses conn.
func handle(ctx context.Context, db *gorm.DB, conn gorm.ConnPool) *gorm.DB {
	tx := db.Session(&gorm.Session{NewDB: true, Context: ctx})
	tx.Statement.ConnPool = conn

	return tx
}
