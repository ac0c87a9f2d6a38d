-- +goose Up
CREATE TABLE shelves (id TEXT);
-- +goose Down
DROP TABLE shelves;
