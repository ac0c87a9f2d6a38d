-- +goose Up
CREATE TABLE customers (
	id            TEXT NOT NULL PRIMARY KEY,
	name          TEXT NOT NULL,
	name_key      TEXT NOT NULL,
	email         TEXT NOT NULL,
	phone         TEXT NOT NULL,
	registered_on DATE NOT NULL
);

CREATE INDEX customers_name_key ON customers (name_key, id);
CREATE INDEX customers_registered_on ON customers (registered_on, id);

-- +goose Down
DROP TABLE customers;
