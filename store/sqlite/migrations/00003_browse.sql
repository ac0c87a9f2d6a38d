-- Ways into the log for people who look at it: by the type of events, and by what they are
-- part of or were caused by. Behind each key there is the entry. Whoever appends waits while
-- they are built, and is told after some seconds that the database is busy: there is one
-- writer. Reading goes on.

-- +goose Up
CREATE INDEX event_entries_type_idx
	ON event_entries (type);

CREATE INDEX event_entries_correlation_idx
	ON event_entries (correlation_id)
	WHERE correlation_id IS NOT NULL;

CREATE INDEX event_entries_causation_idx
	ON event_entries (causation_id)
	WHERE causation_id IS NOT NULL;

-- +goose Down
DROP INDEX event_entries_causation_idx;
DROP INDEX event_entries_correlation_idx;
DROP INDEX event_entries_type_idx;
