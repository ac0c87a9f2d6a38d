-- +goose Up
CREATE TABLE debts (
	id          TEXT   NOT NULL PRIMARY KEY,
	amount      BIGINT NOT NULL,
	"on"        DATE   NOT NULL,
	settled_on  DATE,
	paid_amount BIGINT,
	paid_on     DATE,
	note        TEXT,
	status      TEXT   NOT NULL
);

CREATE INDEX debts_on ON debts ("on", id);
CREATE INDEX debts_status ON debts (status, "on", id);

-- +goose Down
DROP TABLE debts;
