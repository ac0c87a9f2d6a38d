-- The log. A position is drawn by the inserting statement itself, never by a
-- default, because a lock must be held before it is drawn: see log.go. The records of
-- one append share theirs.
--
-- The ids that meta has of what an event is part of, and of what has caused it, are columns
-- of their own: a server that has to find them in the JSON appends a tenth less.

-- +goose Up
CREATE SEQUENCE event_entries_position_seq CACHE 1;

CREATE TABLE event_entries (
	position bigint NOT NULL,
	ordinal integer NOT NULL,
	stream_type text COLLATE "C" NOT NULL,
	stream_id text COLLATE "C" NOT NULL,
	version bigint NOT NULL,
	event_id uuid NOT NULL,
	type text COLLATE "C" NOT NULL,
	schema_version integer NOT NULL,
	data json NOT NULL,
	meta json NOT NULL,
	recorded_at timestamptz NOT NULL,
	occurred_at timestamptz NOT NULL,
	idempotency_key text COLLATE "C",
	correlation_id text COLLATE "C", -- of at most 200 characters; NULL where meta has none
	causation_id text COLLATE "C", -- likewise
	CONSTRAINT event_entries_pkey PRIMARY KEY (position, ordinal),
	CONSTRAINT event_entries_stream_version_key UNIQUE (stream_type, stream_id, version),
	CONSTRAINT event_entries_event_id_key UNIQUE (event_id),
	CONSTRAINT event_entries_version_check CHECK (version > 0)
);

ALTER SEQUENCE event_entries_position_seq OWNED BY event_entries.position;

CREATE UNIQUE INDEX event_entries_idempotency_key
	ON event_entries (stream_type, stream_id, idempotency_key)
	WHERE idempotency_key IS NOT NULL;

-- +goose StatementBegin
CREATE FUNCTION event_entries_refuse() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('ireneo.maintenance', true) IS DISTINCT FROM 'on' THEN
		RAISE EXCEPTION 'the event log is append-only: % refused', TG_OP
			USING ERRCODE = 'IR001';
	END IF;
	RETURN NULL;
END
$$;
-- +goose StatementEnd

-- Once a statement, not once a row: an INSERT pays nothing for it.
CREATE TRIGGER event_entries_append_only
	BEFORE UPDATE OR DELETE OR TRUNCATE ON event_entries
	FOR EACH STATEMENT EXECUTE FUNCTION event_entries_refuse();

-- +goose Down
DROP TABLE event_entries;
DROP FUNCTION event_entries_refuse();
