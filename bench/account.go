package main

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"testing/fstest"
	"time"

	"github.com/shopspring/decimal"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// Deposited is the event that is appended everywhere: five fields, each with a tag.
type Deposited struct {
	ireneo.Event `name:"account.deposited"`

	Amount    int64           `json:"amount" validate:"gt=0"` // cents
	Rate      decimal.Decimal `json:"rate" validate:"gte=0,lte=1"`
	ValueDate time.Time       `json:"value_date" validate:"required"`
	Reference string          `json:"reference" validate:"required,max=64"`
	Note      string          `json:"note" validate:"max=200"`
}

// Position decides whether an event may follow.
type Position struct {
	Balance   int64           `validate:"gte=0"`
	Rate      decimal.Decimal `validate:"gte=0,lte=1"`
	ValueDate time.Time       `validate:"required"`
	Deposits  int             `validate:"gt=0"`
}

func (p *Position) deposit(e *Deposited) {
	p.Balance += e.Amount
	p.Rate, p.ValueDate = e.Rate, e.ValueDate
	p.Deposits++
}

var accountPosition = ireneo.NewProjection("account_position",
	ireneo.On(func(p *Position, e *Deposited, _ time.Time) { p.deposit(e) }),
)

// Balance is the row of the transactional read model.
type Balance struct {
	ID       string `gorm:"primaryKey"`
	Amount   int64
	Deposits int
	LastAt   time.Time
}

// TableName is a hook of GORM.
func (Balance) TableName() string { return "balances" }

var balances = ireneo.NewProjection("balances",
	ireneo.On(func(b *Balance, e *Deposited, at time.Time) {
		b.Amount += e.Amount
		b.Deposits++
		b.LastAt = at
	}),
)

// tables are the migrations of the read model.
var tables = fstest.MapFS{"00001_tables.sql": &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE balances (
  id TEXT PRIMARY KEY,
  amount BIGINT NOT NULL,
  deposits BIGINT NOT NULL,
  last_at TIMESTAMP NOT NULL
);
-- +goose Down
DROP TABLE balances;
`)}}

// account is a stream with a consistency projection.
var account = &ireneo.Stream{Type: "account", Purpose: "Money of one owner", Consistency: accountPosition}

// accountWithRow also keeps a row.
var accountWithRow = &ireneo.Stream{
	Type: "account", Purpose: "Money of one owner", Consistency: accountPosition,
	Transactional: ireneo.Materialize(balances),
}

// accountAfter keeps the row after the commit.
var accountAfter = &ireneo.Stream{
	Type: "account", Purpose: "Money of one owner", Consistency: accountPosition,
	Async: ireneo.Materialize(balances),
}

// accountWithSnapshots keeps its folded state now and then.
var accountWithSnapshots = &ireneo.Stream{
	Type: "account", Purpose: "Money of one owner", Consistency: accountPosition.Snapshot(100),
}

// journal is a stream that nothing has to be known of.
var journal = &ireneo.Stream{Type: "journal", Purpose: "Deposits nobody decides on"}

func config(s *ireneo.Stream) ireneo.Config {
	return ireneo.Config{
		Streams:    []*ireneo.Stream{s},
		Events:     []ireneo.EventType{ireneo.TypeOf[Deposited]()},
		Migrations: tables,
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

var (
	rate      = decimal.RequireFromString("0.0375")
	valueDate = time.Date(2026, 3, 4, 12, 30, 0, 0, time.UTC)
)

// deposited is a new event, the same every time.
func deposited() *Deposited {
	return &Deposited{
		Amount: 125_00, Rate: rate, ValueDate: valueDate,
		Reference: "INV-2026-000117", Note: "second instalment",
	}
}

// meta is what every append is recorded with.
var meta = map[string]string{"user": "u-117", "request": "01J9ZQ4T7X"}

// stored are the bytes that an event and its meta are stored as: the limits insert the same.
func stored() (data, metaData []byte) {
	data, err := json.Marshal(deposited())
	if err != nil {
		panic(err) // there is nothing in it that does not encode
	}
	metaData, err = json.Marshal(meta)
	if err != nil {
		panic(err)
	}
	return data, metaData
}

// withLog opens a log on a migrated store, and a context that carries it and the meta.
func withLog(ctx context.Context, st store.Store, c ireneo.Config) (context.Context, error) {
	log, err := ireneo.Open(st, c)
	if err != nil {
		return nil, err
	}
	return carrying(ctx, log), nil
}

func carrying(ctx context.Context, log *ireneo.Log) context.Context {
	return ireneo.WithMeta(ireneo.WithLog(ctx, log), meta)
}
