-- +goose Up
CREATE TABLE sample_rows (
	id                TEXT      NOT NULL PRIMARY KEY,
	title             TEXT      NOT NULL,
	story             TEXT      NOT NULL,
	count             BIGINT    NOT NULL,
	agreed            BOOLEAN   NOT NULL,
	"on"              DATE      NOT NULL,
	at                TIMESTAMP NOT NULL,
	amount            BIGINT    NOT NULL,
	rate              TEXT      NOT NULL,
	key               TEXT      NOT NULL,
	email             TEXT      NOT NULL,
	home_url          TEXT      NOT NULL,
	extra             TEXT      NOT NULL,
	status            TEXT      NOT NULL,
	customer_id       TEXT      NOT NULL,
	maybe_title       TEXT,
	maybe_story       TEXT,
	maybe_count       BIGINT,
	maybe_agreed      BOOLEAN,
	maybe_on          DATE,
	maybe_at          TIMESTAMP,
	maybe_amount      BIGINT,
	maybe_rate        TEXT,
	maybe_key         TEXT,
	maybe_email       TEXT,
	maybe_url         TEXT,
	maybe_extra       TEXT,
	maybe_status      TEXT,
	maybe_customer_id TEXT,
	"order"           BIGINT    NOT NULL,
	line_1            TEXT      NOT NULL
);

CREATE INDEX sample_rows_title ON sample_rows (title);
CREATE UNIQUE INDEX sample_rows_key ON sample_rows (key);

-- +goose Down
DROP TABLE sample_rows;
