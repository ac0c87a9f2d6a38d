-- Ways into the log for people who look at it: by the type of events, and by what they are
-- part of or were caused by.
--
-- The indexes are built CONCURRENTLY, because the log may be long: appends go on meanwhile,
-- as do programs that do not know of the indexes. It waits for all transactions of the
-- database that are older, and cannot run in a transaction itself; one that was interrupted
-- leaves an index behind that is kept up to date and never read. Each is therefore dropped
-- first, and the whole migration may be run again.

-- +goose NO TRANSACTION

-- +goose Up

DROP INDEX IF EXISTS event_entries_type_idx;
CREATE INDEX CONCURRENTLY event_entries_type_idx
	ON event_entries (type, position, ordinal);

DROP INDEX IF EXISTS event_entries_correlation_idx;
CREATE INDEX CONCURRENTLY event_entries_correlation_idx
	ON event_entries (correlation_id, position, ordinal)
	WHERE correlation_id IS NOT NULL;

DROP INDEX IF EXISTS event_entries_causation_idx;
CREATE INDEX CONCURRENTLY event_entries_causation_idx
	ON event_entries (causation_id, position, ordinal)
	WHERE causation_id IS NOT NULL;

-- +goose Down
DROP INDEX IF EXISTS event_entries_causation_idx;
DROP INDEX IF EXISTS event_entries_correlation_idx;
DROP INDEX IF EXISTS event_entries_type_idx;
