-- Ways into the log for people who look at it: by the type of events, and by what the meta
-- of an event says about where it comes from.
--
-- The indexes are built CONCURRENTLY, because the log may be long: appends go on meanwhile,
-- as do programs that do not know of the indexes. It waits for all transactions of the
-- database that are older, and cannot run in a transaction itself; one that was interrupted
-- leaves an index behind that is kept up to date and never read. Each is therefore dropped
-- first, and the whole migration may be run again.

-- +goose NO TRANSACTION

-- +goose Up

-- An id in a record's meta: a text of at most 200 characters, else NULL. An append must never
-- fail for what a meta says. It would, because -> reads all escapes, and json may have some
-- that PostgreSQL has no character for: NUL, half a surrogate pair, and in databases that are
-- not in UTF-8 whatever is not ASCII. Those escapes are left out; a pair of backslashes is none.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION event_entries_meta_id(meta json, key text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
	id json;
BEGIN
	IF strpos(meta::text, E'\\u') = 0 THEN
		id := meta -> key;
	ELSE
		id := regexp_replace(meta::text, E'(\\\\\\\\)|\\\\u(?!00(?:0[1-9a-f]|[1-7])).{4}', E'\\1', 'gi')::json -> key;
	END IF;
	IF left(id::text, 1) <> '"' OR length(id #>> '{}') > 200 THEN
		RETURN NULL;
	END IF;
	RETURN id #>> '{}';
END
$$;
-- +goose StatementEnd

DROP INDEX IF EXISTS event_entries_type_idx;
CREATE INDEX CONCURRENTLY event_entries_type_idx
	ON event_entries (type, position, ordinal);

-- The function costs an append a few microseconds, so the indexes do without it where there
-- are no escapes. They may have more than ids, and the beginnings of what is too long for a
-- B-tree; who looks something up in them asks the function as well.

DROP INDEX IF EXISTS event_entries_correlation_idx;
CREATE INDEX CONCURRENTLY event_entries_correlation_idx
	ON event_entries ((
		CASE strpos(meta::text, E'\\u')
			WHEN 0 THEN left(meta ->> 'correlation_id', 201)
			ELSE event_entries_meta_id(meta, 'correlation_id')
		END COLLATE "C"), position, ordinal)
	WHERE strpos(meta::text, '"correlation_id"') > 0;

DROP INDEX IF EXISTS event_entries_causation_idx;
CREATE INDEX CONCURRENTLY event_entries_causation_idx
	ON event_entries ((
		CASE strpos(meta::text, E'\\u')
			WHEN 0 THEN left(meta ->> 'causation_id', 201)
			ELSE event_entries_meta_id(meta, 'causation_id')
		END COLLATE "C"), position, ordinal)
	WHERE strpos(meta::text, '"causation_id"') > 0;

-- +goose Down
DROP INDEX IF EXISTS event_entries_causation_idx;
DROP INDEX IF EXISTS event_entries_correlation_idx;
DROP INDEX IF EXISTS event_entries_type_idx;
DROP FUNCTION IF EXISTS event_entries_meta_id(json, text);
