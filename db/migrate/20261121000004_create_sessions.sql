-- +goose Up
CREATE TABLE sessions (
	token      TEXT   NOT NULL PRIMARY KEY, -- the hash of what the browser has
	data       TEXT   NOT NULL,
	expires_at BIGINT NOT NULL              -- in seconds since 1970
);

CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- +goose Down
DROP TABLE sessions;
