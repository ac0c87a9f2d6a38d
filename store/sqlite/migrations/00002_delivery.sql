-- What happens after the commit: who has read how far, what was put aside, which tables
-- are being rebuilt, and states that need no full replay.

-- +goose Up
CREATE TABLE event_subscriptions (
	name TEXT PRIMARY KEY,
	kind TEXT NOT NULL, -- subscription or projection
	filter TEXT NOT NULL, -- what it selects, as canonical JSON
	position INTEGER NOT NULL, -- everything up to here is done
	epoch INTEGER NOT NULL, -- rises with every new leader; who holds an older one writes nothing
	owner TEXT NOT NULL, -- the leading process; empty: nobody
	lease_until TIMESTAMP NOT NULL,
	state TEXT NOT NULL, -- running, paused or stopped
	reason TEXT NOT NULL, -- why it does not run
	failed_position INTEGER NOT NULL, -- the append that stopped it; 0: none
	attempts INTEGER NOT NULL, -- how often that was tried
	changed_at TIMESTAMP NOT NULL, -- when position or state changed last
	CONSTRAINT event_subscriptions_state_check CHECK (state IN ('running', 'paused', 'stopped'))
);

CREATE TABLE event_dead_letters (
	subscription TEXT NOT NULL,
	position INTEGER NOT NULL, -- of the append that was put aside
	streams TEXT NOT NULL, -- the streams it touched, as JSON; later appends to them follow it
	error TEXT NOT NULL,
	attempts INTEGER NOT NULL,
	skipped BOOLEAN NOT NULL, -- for good: it is kept for the record
	parked_at TIMESTAMP NOT NULL,
	CONSTRAINT event_dead_letters_pkey PRIMARY KEY (subscription, position)
);

CREATE TABLE event_rebuilds (
	projection TEXT PRIMARY KEY,
	program TEXT NOT NULL, -- which one makes it; another one begins anew
	filter TEXT NOT NULL, -- what is selected, as canonical JSON
	shadow TEXT NOT NULL, -- the table that is filled, or brought up to date
	back BOOLEAN NOT NULL, -- it is the one that was replaced
	phase TEXT NOT NULL, -- starting, filling, following, done, canceled or failed
	stream_id TEXT NOT NULL, -- filling by streams: those up to this one are done
	position INTEGER NOT NULL, -- filling by streams: as far as it reads; else: everything up to here is done
	events INTEGER NOT NULL, -- read so far
	total INTEGER NOT NULL, -- to read, as far as known
	rows INTEGER NOT NULL, -- written so far
	rate INTEGER NOT NULL, -- events a second
	replaced INTEGER NOT NULL, -- as far as the table had come that was replaced last
	replaced_filter TEXT NOT NULL, -- what that selects; empty: there is none
	epoch INTEGER NOT NULL, -- rises with every new owner; who holds an older one writes nothing
	owner TEXT NOT NULL, -- who is at it; empty: nobody
	lease_until TIMESTAMP NOT NULL,
	error TEXT NOT NULL, -- why it does not go on
	started_at TIMESTAMP NOT NULL,
	changed_at TIMESTAMP NOT NULL
);

CREATE TABLE event_snapshots (
	id TEXT PRIMARY KEY, -- projection/stream type/stream id
	fingerprint TEXT NOT NULL, -- of the program that folded it
	version INTEGER NOT NULL, -- of the last event in it
	recorded_at TIMESTAMP NOT NULL, -- of the last event
	occurred_at TIMESTAMP NOT NULL, -- the latest of all
	closed BOOLEAN NOT NULL,
	state TEXT NOT NULL -- before Final, as JSON
);

-- +goose Down
DROP TABLE event_snapshots;
DROP TABLE event_rebuilds;
DROP TABLE event_dead_letters;
DROP TABLE event_subscriptions;
