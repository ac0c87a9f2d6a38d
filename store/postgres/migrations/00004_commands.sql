-- What is on record of commands, and the check of what they were decided on.

-- +goose Up
CREATE TABLE command_executions (
	id uuid NOT NULL, -- a UUIDv7, so that they are in the order in which commands were begun
	command_id text COLLATE "C" NOT NULL DEFAULT '', -- given by who sent the command; empty: none
	command text COLLATE "C" NOT NULL, -- its stored name
	actor text NOT NULL, -- who gave it; empty: nobody said
	correlation text NOT NULL, -- what it is part of; empty: nobody said
	outcome text NOT NULL, -- committed, nothing, rejected, conflicted or failed
	reason text NOT NULL, -- why nothing was written
	attempts integer NOT NULL,
	position bigint NOT NULL, -- of the append; 0: none
	events integer NOT NULL, -- in that append
	started_at timestamptz NOT NULL,
	took bigint NOT NULL, -- in nanoseconds
	CONSTRAINT command_executions_pkey PRIMARY KEY (id)
);

-- What went wrong is looked for among many more that went well, which pay nothing for it.
CREATE INDEX command_executions_outcome_idx
	ON command_executions (outcome, id)
	WHERE outcome IN ('rejected', 'conflicted', 'failed');

-- Who was refused may send a command again under its id.
CREATE UNIQUE INDEX command_executions_command_id_key
	ON command_executions (command_id)
	WHERE command_id <> '' AND outcome IN ('committed', 'nothing');

-- Raises IR002 for the first stream that is not at its version, 0 for an empty one. What is
-- committed after the locks were taken must be seen, and a snapshot that is as old as the
-- transaction would hide it: see guard.go. SERIALIZABLE finds that out by itself.
-- +goose StatementBegin
CREATE FUNCTION event_entries_guard(types text[], ids text[], versions bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	moved record;
BEGIN
	IF current_setting('transaction_isolation') = 'repeatable read' THEN
		RAISE EXCEPTION 'guarded appends need another isolation level than repeatable read'
			USING HINT = 'Set default_transaction_isolation to ''read committed''.';
	END IF;

	SELECT given.type, given.id, given.version AS expected, COALESCE(last.version, 0) AS actual
	INTO moved
	FROM unnest(types, ids, versions) WITH ORDINALITY AS given (type, id, version, place)
	LEFT JOIN LATERAL (
		SELECT e.version
		FROM event_entries AS e
		WHERE e.stream_type = given.type
		AND e.stream_id = given.id
		ORDER BY e.version DESC
		LIMIT 1
	) AS last ON true
	WHERE given.version <> COALESCE(last.version, 0)
	ORDER BY given.place
	LIMIT 1;

	IF FOUND THEN
		RAISE EXCEPTION '%/% has moved on', moved.type, moved.id
			USING ERRCODE = 'IR002', DETAIL = row_to_json(moved);
	END IF;
END
$$;
-- +goose StatementEnd

-- +goose Down
DROP FUNCTION event_entries_guard(text[], text[], bigint[]);
DROP TABLE command_executions;
