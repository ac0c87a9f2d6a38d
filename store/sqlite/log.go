package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// insertProved and insertNext insert one record. Positions are drawn and committed
// by the one writer there is, so that they become visible in order.
//
// insertNext takes the stream's next version. Looking for the last one costs some,
// so a record that has a version goes without.
const (
	insertProved = `
		INSERT INTO event_entries (
			entry, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key, correlation_id, causation_id)
		VALUES (` + entry + `, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?13, ?14)`

	insertNext = `
		INSERT INTO event_entries (
			entry, stream_type, stream_id, version, event_id, type, schema_version,
			data, meta, recorded_at, occurred_at, idempotency_key, correlation_id, causation_id)
		SELECT
			` + entry + `, ?1, ?2, COALESCE(last.version, ?3) + 1, ?4, ?5, ?6, ?7, ?8,
			MAX(?9, COALESCE(last.recorded_at, ?9)),
			COALESCE(?10, MAX(?9, COALESCE(last.recorded_at, ?9))),
			?11, ?13, ?14
		FROM (SELECT 1) AS one
		LEFT JOIN (
			SELECT e.version, e.recorded_at
			FROM event_entries AS e
			WHERE e.stream_type = ?1
			AND e.stream_id = ?2
			ORDER BY e.version DESC
			LIMIT 1
		) AS last ON true
		RETURNING entry, version, recorded_at, occurred_at`

	// entry is the one that is given, or the first of the next position.
	entry = `COALESCE(?12, (((
				SELECT seq
				FROM sqlite_sequence
				WHERE name = 'event_entries'
			) >> 20) + 1) << 20 | 1, 1 << 20 | 1)`
)

// ordinalBits are those of an entry that hold its place in its batch.
const ordinalBits = 20

// result is what one record was stored as: entry, version, recorded_at and occurred_at.
type result [4]int64

// Writers is one: the others would wait for it.
func (s *Store) Writers() int { return 1 }

// Insert writes one record alone as one statement, anything else as one transaction. It waits
// up to five seconds for writers of this process and up to five more for those of others,
// then it is [store.ErrBusy]. ctx bounds only the wait in this process: what was
// begun is finished.
func (s *Store) Insert(ctx context.Context, batches ...*store.Batch) error {
	switch {
	case len(batches) == 1 && calls(batches[0]):
		return s.insertCalling(ctx, batches[0])
	case len(batches) == 0:
		return nil
	case len(batches) > 1 && slices.ContainsFunc(batches, (*store.Batch).GoesAlone):
		return fmt.Errorf("insert: %w", store.ErrGoesAlone)
	}

	err := s.writing(ctx, func(w *session) error {
		if b := batches[0]; len(batches) == 1 && len(b.Records) == 1 && len(b.Rows) == 0 && !isGuarded(b) {
			return insertSingle(w, b)
		}

		return insertAll(w, batches)
	})
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	return nil
}

// insertCalling writes a batch in a transaction of database/sql, in which its guard and its
// rows may call back. Neither it nor they can be interrupted. An error of the host's own
// Unless is returned as it is.
func (s *Store) insertCalling(ctx context.Context, batch *store.Batch) error {
	conn, err := s.writerConn(ctx)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	defer conn.Close()
	ctx = context.WithoutCancel(ctx)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("insert: %w", translate(err))
	}
	defer tx.Rollback() //nolint:errcheck // done is done: after a commit there is nothing to undo

	inside := newHosted(ctx, s.db, tx)
	if err := check(inside, batch); err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	if seeks(batch) {
		if err := inside.call(batch.Guard.Unless); err != nil {
			return err
		}
	}
	stored, err := write(inside, batch, oneRow)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	if err := tx.Commit(); err != nil {
		return fmt.Errorf("insert: %w", commitError(err))
	}
	fill(batch, stored)

	return nil
}

func insertSingle(w *session, batch *store.Batch) error {
	stored, err := insertRecord(w, &batch.Records[0], nil)
	if err != nil {
		return commitError(err)
	}
	fill(batch, []result{stored})

	return nil
}

// insertAll writes the batches in one transaction.
func insertAll(w *session, batches []*store.Batch) error {
	if _, err := w.exec("BEGIN IMMEDIATE", nil); err != nil {
		return translate(err)
	}

	stored := make([][]result, len(batches))
	for i, b := range batches {
		var err error
		if stored[i], err = insertInside(w, b); err != nil {
			return rollBack(w, err)
		}
	}

	if _, err := w.exec("COMMIT", nil); err != nil {
		return rollBack(w, commitError(err))
	}
	for i, b := range batches {
		fill(b, stored[i])
	}

	return nil
}

// insertInside writes a batch inside a transaction that ends with the first error. Only where
// rows are written together, and may have to be written one by one to name what is refused,
// does it take a savepoint.
func insertInside(r runner, batch *store.Batch) ([]result, error) {
	if len(batch.Rows) > 1 {
		return insertSaved(r, batch)
	}
	if err := check(r, batch); err != nil {
		return nil, err
	}

	return write(r, batch, oneRow)
}

// rollBack ends a transaction after an error that leaves nothing to go on with,
// after which SQLite may have ended it already. It returns that error.
func rollBack(w *session, err error) error {
	_, _ = w.exec("ROLLBACK", nil)

	return err
}

// insertSaved writes a batch between a savepoint and its release.
func insertSaved(r runner, batch *store.Batch) ([]result, error) {
	if _, err := r.exec("SAVEPOINT ireneo_insert", nil); err != nil {
		return nil, translate(err)
	}

	var stored []result
	err := check(r, batch)
	if err == nil {
		stored, err = writeNaming(r, batch)
	}
	if _, releaseErr := r.exec("RELEASE ireneo_insert", nil); releaseErr != nil && err == nil {
		return nil, translate(releaseErr)
	}

	return stored, err
}

// writeNaming writes a batch after a savepoint, or nothing. Where several rows of it were
// refused together they are written one by one, so that the error names the one.
func writeNaming(r runner, batch *store.Batch) ([]result, error) {
	if hasWrite(batch) || len(batch.Rows) < 2 {
		return writeOrUndo(r, batch, oneRow)
	}

	stored, err := writeOrUndo(r, batch, maxParameters)
	if _, ok := errors.AsType[*store.RowError](err); ok && !shared(err) {
		return writeOrUndo(r, batch, oneRow)
	}

	return stored, err
}

func writeOrUndo(r runner, batch *store.Batch, parameters int) ([]result, error) {
	stored, err := write(r, batch, parameters)
	if err != nil && !shared(err) {
		if _, undoErr := r.exec("ROLLBACK TO ireneo_insert", nil); undoErr != nil {
			return nil, errors.Join(err, named(store.ErrUnavailable, undoErr))
		}
	}

	return stored, err
}

// InsertTx writes batch inside tx between a savepoint and its release. ctx is
// looked at before, not during it, because an interrupt would roll tx back as a
// whole. Nothing else may use tx meanwhile.
func (s *Store) InsertTx(ctx context.Context, tx *gorm.DB, batch *store.Batch) error {
	conn := tx.Statement.ConnPool
	if _, ok := conn.(gorm.TxCommitter); !ok {
		return fmt.Errorf("insert: %w", store.ErrNotInTransaction)
	}
	if isGuarded(batch) {
		return fmt.Errorf("insert: %w", errGuarded)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("insert: %w", err)
	}

	stored, err := insertSaved(newHosted(context.WithoutCancel(ctx), tx, conn), batch)
	if err != nil {
		return fmt.Errorf("insert: %w", err)
	}
	fill(batch, stored)

	return nil
}

// write writes a batch, its rows in statements of up to so many parameters.
func write(r runner, batch *store.Batch, parameters int) ([]result, error) {
	stored := make([]result, len(batch.Records))
	var entry any // the next of the batch; nil: it begins
	for i := range batch.Records {
		var err error
		if stored[i], err = insertRecord(r, &batch.Records[i], entry); err != nil {
			return nil, eventError(err)
		}
		entry = stored[i][0] + 1
	}
	if err := insertExecution(r, batch, stored); err != nil {
		return nil, err
	}

	first := 0
	for _, rows := range store.GroupRows(batch.Rows, parameters) {
		if err := writeRows(r, rows); err != nil {
			return nil, rowError(first, rows[0], err)
		}
		first += len(rows)
	}

	return stored, nil
}

func writeRows(r runner, rows []store.Row) error {
	if rows[0].Write != nil {
		return r.call(rows[0].Write)
	}
	_, err := r.exec(upsert(rows), values(rows))

	return err
}

func hasWrite(b *store.Batch) bool {
	return slices.ContainsFunc(b.Rows, func(r store.Row) bool { return r.Write != nil })
}

func wantsNext(b *store.Batch) bool {
	return slices.ContainsFunc(b.Records, func(r store.Record) bool { return r.Version == 0 })
}

func insertRecord(r runner, rec *store.Record, entry any) (result, error) {
	recorded, occurred := micros(rec.RecordedAt), micros(rec.OccurredAt)
	if rec.OccurredAt.IsZero() {
		occurred = recorded
	}
	args := []any{
		rec.Stream.Type, rec.Stream.ID, rec.Version, rec.EventID[:], rec.Type, rec.SchemaVersion,
		string(rec.Data), string(rec.Meta), recorded, occurred, nil, entry,
		findable(rec.Correlation), findable(rec.Causation),
	}
	if rec.IdempotencyKey != "" {
		args[10] = rec.IdempotencyKey
	}

	if rec.Version == 0 {
		if rec.OccurredAt.IsZero() {
			args[9] = nil
		}

		return r.row(insertNext, args)
	}
	inserted, err := r.exec(insertProved, args)

	return result{inserted, rec.Version, recorded, occurred}, err
}

// findable is an id that records are looked up by, nil where there is none.
func findable(id string) any {
	if !store.Findable(id) {
		return nil
	}

	return id
}

// fill tells the records what they were stored as.
func fill(batch *store.Batch, stored []result) {
	for i, s := range stored {
		rec := &batch.Records[i]
		rec.Position, rec.Ordinal, rec.Version = s[0]>>ordinalBits, int(s[0]&(1<<ordinalBits-1)), s[1]
		rec.RecordedAt, rec.OccurredAt = instant(s[2]), instant(s[3])
	}
	if batch.Execution != nil {
		batch.Execution.Position = positionOf(stored)
	}
}

func micros(t time.Time) int64 { return t.Truncate(time.Microsecond).UnixMicro() }

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }
