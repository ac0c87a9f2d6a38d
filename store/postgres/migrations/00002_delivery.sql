-- What happens after the commit: who has read how far, what was put aside, which tables
-- are being rebuilt, and states that need no full replay.

-- +goose Up
CREATE TABLE event_subscriptions (
	name text COLLATE "C" PRIMARY KEY,
	kind text NOT NULL, -- subscription or projection
	filter text NOT NULL, -- what it selects, as canonical JSON
	position bigint NOT NULL, -- everything up to here is done
	epoch bigint NOT NULL, -- rises with every new leader; who holds an older one writes nothing
	owner text NOT NULL, -- the leading process; empty: nobody
	lease_until timestamptz NOT NULL,
	state text NOT NULL, -- running, paused or stopped
	reason text NOT NULL, -- why it does not run
	failed_position bigint NOT NULL, -- the append that stopped it; 0: none
	attempts integer NOT NULL, -- how often that was tried
	changed_at timestamptz NOT NULL, -- when position or state changed last
	CONSTRAINT event_subscriptions_state_check CHECK (state IN ('running', 'paused', 'stopped'))
);

CREATE TABLE event_dead_letters (
	subscription text COLLATE "C" NOT NULL,
	position bigint NOT NULL, -- of the append that was put aside
	streams text NOT NULL, -- the streams it touched, as JSON; later appends to them follow it
	error text NOT NULL,
	attempts integer NOT NULL,
	skipped boolean NOT NULL, -- for good: it is kept for the record
	parked_at timestamptz NOT NULL,
	CONSTRAINT event_dead_letters_pkey PRIMARY KEY (subscription, position)
);

CREATE TABLE event_rebuilds (
	projection text COLLATE "C" PRIMARY KEY,
	program text NOT NULL, -- which one makes it; another one begins anew
	filter text NOT NULL, -- what is selected, as canonical JSON
	shadow text NOT NULL, -- the table that is filled, or brought up to date
	back boolean NOT NULL, -- it is the one that was replaced
	phase text NOT NULL, -- starting, filling, following, done, canceled or failed
	stream_id text COLLATE "C" NOT NULL, -- filling by streams: those up to this one are done
	position bigint NOT NULL, -- filling by streams: as far as it reads; else: everything up to here is done
	events bigint NOT NULL, -- read so far
	total bigint NOT NULL, -- to read, as far as known
	rows bigint NOT NULL, -- written so far
	rate bigint NOT NULL, -- events a second
	replaced bigint NOT NULL, -- as far as the table had come that was replaced last
	replaced_filter text NOT NULL, -- what that selects; empty: there is none
	epoch bigint NOT NULL, -- rises with every new owner; who holds an older one writes nothing
	owner text NOT NULL, -- who is at it; empty: nobody
	lease_until timestamptz NOT NULL,
	error text NOT NULL, -- why it does not go on
	started_at timestamptz NOT NULL,
	changed_at timestamptz NOT NULL
);

CREATE TABLE event_snapshots (
	id text COLLATE "C" PRIMARY KEY, -- projection/stream type/stream id
	fingerprint text NOT NULL, -- of the program that folded it
	version bigint NOT NULL, -- of the last event in it
	recorded_at timestamptz NOT NULL, -- of the last event
	occurred_at timestamptz NOT NULL, -- the latest of all
	closed boolean NOT NULL,
	state text NOT NULL -- before Final, as JSON
);

-- +goose Down
DROP TABLE event_snapshots;
DROP TABLE event_rebuilds;
DROP TABLE event_dead_letters;
DROP TABLE event_subscriptions;
