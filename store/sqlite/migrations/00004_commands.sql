-- What is on record of commands.

-- +goose Up
CREATE TABLE command_executions (
	id TEXT NOT NULL, -- a UUIDv7, so that they are in the order in which commands were begun
	command_id TEXT NOT NULL DEFAULT '', -- given by who sent the command; empty: none
	command TEXT NOT NULL, -- its stored name
	actor TEXT NOT NULL, -- who gave it; empty: nobody said
	correlation TEXT NOT NULL, -- what it is part of; empty: nobody said
	outcome TEXT NOT NULL, -- committed, nothing, rejected, conflicted or failed
	reason TEXT NOT NULL, -- why nothing was written
	attempts INTEGER NOT NULL,
	position INTEGER NOT NULL, -- of the append; 0: none
	events INTEGER NOT NULL, -- in that append
	started_at TIMESTAMP NOT NULL,
	took INTEGER NOT NULL, -- in nanoseconds
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

-- +goose Down
DROP TABLE command_executions;
