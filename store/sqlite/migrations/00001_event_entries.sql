-- The log. Instants are microseconds since 1970 in UTC. An entry is its position and,
-- in the lowest 20 bits, its place in the batch, so that the records of one append
-- share a position and lie together. AUTOINCREMENT keeps a position from being given
-- again when the last event was removed.

-- +goose Up
CREATE TABLE event_entries (
	entry INTEGER PRIMARY KEY AUTOINCREMENT,
	position INTEGER NOT NULL GENERATED ALWAYS AS (entry >> 20) VIRTUAL,
	ordinal INTEGER NOT NULL GENERATED ALWAYS AS (entry & 1048575) VIRTUAL,
	stream_type TEXT NOT NULL,
	stream_id TEXT NOT NULL,
	version INTEGER NOT NULL,
	event_id BLOB NOT NULL,
	type TEXT NOT NULL,
	schema_version INTEGER NOT NULL,
	data TEXT NOT NULL,
	meta TEXT NOT NULL,
	recorded_at INTEGER NOT NULL,
	occurred_at INTEGER NOT NULL,
	idempotency_key TEXT,
	correlation_id TEXT, -- of at most 200 characters; NULL where meta has none
	causation_id TEXT, -- likewise
	CONSTRAINT event_entries_stream_version_key UNIQUE (stream_type, stream_id, version),
	CONSTRAINT event_entries_event_id_key UNIQUE (event_id),
	CONSTRAINT event_entries_version_check CHECK (version > 0),
	CONSTRAINT event_entries_event_id_check CHECK (length(event_id) = 16),
	CONSTRAINT event_entries_data_check CHECK (json_valid(data)),
	CONSTRAINT event_entries_meta_check CHECK (json_valid(meta))
) STRICT;

CREATE UNIQUE INDEX event_entries_idempotency_key
	ON event_entries (stream_type, stream_id, idempotency_key)
	WHERE idempotency_key IS NOT NULL;

-- Its one row says whether this transaction may change what is stored. It is set
-- and cleared within one transaction, so that no other ever sees it set.
CREATE TABLE event_entries_guard (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	lifted INTEGER NOT NULL
) STRICT;

INSERT INTO event_entries_guard (one, lifted) VALUES (1, 0);

-- +goose StatementBegin
CREATE TRIGGER event_entries_no_update
	BEFORE UPDATE ON event_entries
	WHEN NOT EXISTS (SELECT 1 FROM event_entries_guard WHERE lifted = 1)
BEGIN
	SELECT RAISE(ABORT, 'the event log is append-only: UPDATE refused');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER event_entries_no_delete
	BEFORE DELETE ON event_entries
	WHEN NOT EXISTS (SELECT 1 FROM event_entries_guard WHERE lifted = 1)
BEGIN
	SELECT RAISE(ABORT, 'the event log is append-only: DELETE refused');
END;
-- +goose StatementEnd

-- +goose Down
DROP TABLE event_entries;
DROP TABLE event_entries_guard;
