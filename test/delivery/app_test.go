package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing/fstest"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
	"github.com/ireneo-dev/ireneo/store/postgres"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Paid is the one event there is.
type Paid struct {
	ireneo.Event `name:"purse.paid"`

	Payer  string `json:"payer"`
	Amount int64  `json:"amount"`
}

// Purse is the row of each stream, Payer that of each payer over all streams.
type (
	Purse struct {
		ID     string `gorm:"primaryKey"`
		Amount int64
		Trail  string
	}
	Payer struct {
		ID     string `gorm:"primaryKey"`
		Amount int64
		Times  int64
	}
)

var purses = ireneo.NewProjection("purses", ireneo.On(func(p *Purse, e *Paid, _ time.Time) {
	at("purses", "before the rows")
	p.Amount += e.Amount
	p.Trail = fmt.Sprintf("%.200s", fmt.Sprint(e.Version(), " ", p.Trail))
}))

var payers = ireneo.NewProjection("payers",
	ireneo.OnBy(func(e *Paid) string { return e.Payer }, func(p *Payer, e *Paid, _ time.Time) {
		at("payers", "before the rows")
		p.Amount += e.Amount
		p.Times++
	}))

var purse = &ireneo.Stream{Type: "purse", Purpose: "Money", Async: ireneo.Materialize(purses)}

// delivered is a row for each event a subscription was handed, in the order of Seq.
type delivered struct {
	Seq      int64 `gorm:"primaryKey;autoIncrement:false"`
	Position int64
	Stream   string
	Version  int64
}

func (delivered) TableName() string { return "delivered" }

// record writes what it was handed.
func record(tx *gorm.DB, b ireneo.Batch) error {
	var last int64
	if err := tx.Model(&delivered{}).Select("COALESCE(MAX(seq), 0)").Scan(&last).Error; err != nil {
		return err
	}
	var rows []delivered
	for i, ev := range b.Events {
		rows = append(rows, delivered{last + int64(i) + 1, b.Position, ev.StreamID(), ev.Version()})
	}
	return tx.Create(&rows).Error
}

// once writes in the transaction that moves the cursor.
var once = &ireneo.Subscription{
	Name: "once", Backoff: time.Millisecond, Attempts: 1000,
	HandleTx: func(_ context.Context, tx *gorm.DB, b ireneo.Batch) error {
		at("once", "before the handler")
		defer at("once", "after the handler")
		return record(tx, b)
	},
}

// again is the mutant: it writes in a transaction of its own.
func again(log *ireneo.Log) *ireneo.Subscription {
	return &ireneo.Subscription{
		Name: "once", Backoff: time.Millisecond, Attempts: 1000,
		Handle: func(_ context.Context, b ireneo.Batch) error {
			at("once", "before the handler")
			defer at("once", "after the handler")
			return log.DB().Transaction(func(tx *gorm.DB) error { return record(tx, b) })
		},
	}
}

var tables = fstest.MapFS{"00001_tables.sql": {Data: []byte(`-- +goose Up
CREATE TABLE purses (id TEXT PRIMARY KEY, amount BIGINT NOT NULL, trail TEXT NOT NULL);
CREATE TABLE payers (id TEXT PRIMARY KEY, amount BIGINT NOT NULL, times BIGINT NOT NULL);
CREATE TABLE delivered (seq BIGINT PRIMARY KEY, position BIGINT NOT NULL, stream TEXT NOT NULL, version BIGINT NOT NULL);
`)}}

const lease = time.Second

func config(subscriptions ...*ireneo.Subscription) ireneo.Config {
	return ireneo.Config{
		Streams:       []*ireneo.Stream{purse},
		Events:        []ireneo.EventType{ireneo.TypeOf[Paid]()},
		Projections:   []ireneo.AnyProjection{payers},
		Subscriptions: subscriptions,
		Migrations:    tables,
		Lease:         lease,
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

// openLog opens the log at a URL, or in a file.
func openLog(ctx context.Context, url string, mutant bool) (st store.Store, log *ireneo.Log, err error) {
	if strings.HasPrefix(url, "postgres") {
		st, err = postgres.Open(ctx, url)
	} else {
		st, err = sqlite.Open(ctx, url)
	}
	if err != nil {
		return nil, nil, err
	}
	c := config(once)
	if os.Getenv(aloneEnv) != "" {
		c.Projections, c.Streams = nil, []*ireneo.Stream{{Type: purse.Type, Purpose: purse.Purpose}}
	}
	log, err = ireneo.Open(st, c)
	if mutant && err == nil {
		log, err = ireneo.Open(st, config(again(log)))
	}
	return st, log, err
}
