-- +goose Up
CREATE TABLE account_balances (
	id            TEXT   NOT NULL PRIMARY KEY,
	customer_id   TEXT   NOT NULL,
	name          TEXT   NOT NULL,
	name_key      TEXT   NOT NULL,
	balance       BIGINT NOT NULL,
	deposited     BIGINT NOT NULL,
	withdrawn     BIGINT NOT NULL,
	status        TEXT   NOT NULL,
	opened_on     DATE   NOT NULL,
	last_moved_on DATE
);

CREATE INDEX account_balances_name_key ON account_balances (name_key, id);
CREATE INDEX account_balances_status ON account_balances (status, name_key, id);
CREATE INDEX account_balances_customer_id ON account_balances (customer_id, name_key, id);

-- +goose Down
DROP TABLE account_balances;
