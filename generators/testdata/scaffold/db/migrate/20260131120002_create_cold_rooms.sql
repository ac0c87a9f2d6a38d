-- +goose Up
CREATE TABLE cold_rooms (
	id     TEXT NOT NULL PRIMARY KEY,
	status TEXT NOT NULL
);

CREATE INDEX cold_rooms_status ON cold_rooms (status, id);

-- +goose Down
DROP TABLE cold_rooms;
