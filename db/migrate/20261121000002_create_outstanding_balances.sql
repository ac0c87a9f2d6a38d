-- +goose Up
CREATE TABLE outstanding_balances (
	id            TEXT   NOT NULL PRIMARY KEY,
	customer_id   TEXT   NOT NULL,
	issued        BIGINT NOT NULL,
	outstanding   BIGINT NOT NULL,
	paid          BIGINT NOT NULL,
	written_off   BIGINT NOT NULL,
	interest_rate TEXT   NOT NULL,
	status        TEXT   NOT NULL,
	issued_on     DATE   NOT NULL,
	last_paid_on  DATE
);

CREATE INDEX outstanding_balances_issued_on ON outstanding_balances (issued_on, id);
CREATE INDEX outstanding_balances_status ON outstanding_balances (status, issued_on, id);
CREATE INDEX outstanding_balances_customer_id ON outstanding_balances (customer_id, issued_on, id);

-- +goose Down
DROP TABLE outstanding_balances;
