package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ireneo-dev/ireneo/store"
)

// executionSQL comes after the records. Each execution is given the first of its own.
const executionSQL = `
	INSERT INTO command_executions (
		id, command_id, command, actor, correlation, outcome, reason, attempts, position, events,
		started_at, took)
	SELECT
		given.id, given.command_id, given.command, given.actor, given.correlation, given.outcome,
		given.reason, given.attempts,
		COALESCE((SELECT e.position FROM event_entries AS e WHERE e.event_id = given.first), 0),
		given.events, given.started_at, given.took
	FROM unnest(
		(SELECT $1::uuid[]), $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
		$7::text[], $8::int[], $9::uuid[], $10::int[], $11::timestamptz[], $12::bigint[]
	) AS given (
		id, command_id, command, actor, correlation, outcome,
		reason, attempts, first, events, started_at, took)`

// executed is the execution of a batch, with the first record of that, if there is one.
type executed struct {
	*store.Execution
	first *store.Record
}

// executions are those of the batches that have one.
func executions(batches []*store.Batch) (all []executed) {
	for _, b := range batches {
		if b.Execution == nil {
			continue
		}
		e := executed{Execution: b.Execution}
		if len(b.Records) > 0 {
			e.first = &b.Records[0]
		}
		all = append(all, e)
	}

	return all
}

// executionArgs are the columns of the executions, each one array.
func executionArgs(all []executed) []any {
	n := len(all)
	ids, first := make(array[string], n), make(array[pgtype.UUID], n) // NULL: there are no records
	given, names, actors := make(array[string], n), make(array[string], n), make(array[string], n)
	correlations, outcomes, reasons := make(array[string], n), make(array[string], n), make(array[string], n)
	attempts, events := make(array[int32], n), make(array[int32], n)
	started, took := make(array[time.Time], n), make(array[int64], n)
	for i, e := range all {
		ids[i], given[i], names[i], actors[i] = e.ID, e.CommandID, e.Command, e.Actor
		correlations[i], outcomes[i], reasons[i] = e.Correlation, e.Outcome, e.Reason
		attempts[i], events[i] = int32(e.Attempts), int32(e.Events)
		started[i], took[i] = micros(e.StartedAt), int64(e.Took)
		if e.first != nil {
			first[i] = eventID(e.first)
		}
	}

	return []any{ids, given, names, actors, correlations, outcomes, reasons, attempts, first, events, started, took}
}

// fillExecutions tells them where their records are.
func fillExecutions(all []executed) {
	for _, e := range all {
		e.Position = 0
		if e.first != nil {
			e.Position = e.first.Position
		}
	}
}
