-- +goose Up
CREATE TABLE customer_totals (
	id        TEXT   NOT NULL PRIMARY KEY,
	debts     BIGINT NOT NULL,
	lent_high BIGINT NOT NULL,
	lent_low  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE customer_totals;
