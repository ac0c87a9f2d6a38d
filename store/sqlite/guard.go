package sqlite

import (
	"errors"

	"github.com/ireneo-dev/ireneo/store"
)

// A guard needs no locks here: there is one writer, whose transaction begins before the
// check, so that nothing it finds can change before its commit. For the same reason all
// that will ever lie before a batch is there to be seen when its turn comes.
const (
	guardCheckSQL = `
		SELECT COALESCE(MAX(version), 0), 0, 0, 0
		FROM event_entries
		WHERE stream_type = ?1
		AND stream_id = ?2`

	executionSQL = `
		INSERT INTO command_executions (
			id, command_id, command, actor, correlation, outcome, reason, attempts, position, events,
			started_at, took)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)`
)

// errGuarded refuses a guard or an execution in a transaction of the host.
var errGuarded = errors.New("a batch with a guard or an execution needs a transaction of its own")

// errUnproved refuses a guard that says nothing of the streams that are appended to.
var errUnproved = errors.New("a batch with a guard needs a version in every record")

func isGuarded(b *store.Batch) bool { return b.Guard != nil || b.Execution != nil }

// calls says whether code of the host runs in the transaction of a batch.
func calls(b *store.Batch) bool { return hasWrite(b) || seeks(b) }

func seeks(b *store.Batch) bool { return b.Guard != nil && b.Guard.Unless != nil }

// check looks whether the streams that a batch was decided on are as they were.
func check(r runner, batch *store.Batch) error {
	if batch.Guard == nil {
		return nil
	}
	if wantsNext(batch) {
		return errUnproved
	}

	for _, at := range batch.Guard.Streams {
		last, err := r.row(guardCheckSQL, []any{at.Stream.Type, at.Stream.ID})
		if err != nil {
			return translate(err)
		}
		if last[0] != at.Version {
			return &store.MovedError{Stream: at.Stream, Expected: at.Version, Actual: last[0]}
		}
	}

	return nil
}

// insertExecution writes that of a batch after its records, which share a position.
func insertExecution(r runner, batch *store.Batch, stored []result) error {
	e := batch.Execution
	if e == nil {
		return nil
	}

	_, err := r.exec(executionSQL, []any{
		e.ID, e.CommandID, e.Command, e.Actor, e.Correlation, e.Outcome, e.Reason, e.Attempts, positionOf(stored),
		e.Events, value(e.StartedAt), int64(e.Took),
	})
	if err != nil {
		return eventError(err)
	}

	return nil
}

// positionOf is that of the records of a batch, 0 where there are none.
func positionOf(stored []result) int64 {
	if len(stored) == 0 {
		return 0
	}

	return stored[0][0] >> ordinalBits
}
