-- +goose Up
CREATE TABLE notes (
	id        TEXT NOT NULL PRIMARY KEY,
	title     TEXT NOT NULL,
	body      TEXT NOT NULL,
	due_on    DATE,
	title_key TEXT NOT NULL,
	status    TEXT NOT NULL
);

CREATE INDEX notes_title_key ON notes (title_key, id);
CREATE INDEX notes_status ON notes (status, title_key, id);

-- +goose Down
DROP TABLE notes;
