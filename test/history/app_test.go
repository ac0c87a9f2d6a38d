package history

import (
	"context"
	"fmt"
	"hash/fnv"
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

// Mark is in every event. It says which operation it is of, so that the checker can tell
// without being told by whoever appended it.
type Mark struct {
	Op   string           `json:"op"`
	N    int              `json:"n"`              // which of its events it is, from 0
	Of   int              `json:"of"`             // how many there are
	Read map[string]int64 `json:"read,omitempty"` // on the first: what it was decided on, versions by stream
}

func (m *Mark) marked() *Mark { return m }

// marked is an event of this package.
type marked interface {
	ireneo.AnyEvent
	marked() *Mark
}

// The events. Notes are for appends, accounts for transfers.
type (
	Written struct {
		ireneo.Event `name:"note.written"`
		Mark
		Text string `json:"text"`
	}
	Opened struct {
		ireneo.Event `name:"account.opened"`
		Mark
		Amount int64 `json:"amount"`
	}
	Deposited struct {
		ireneo.Event `name:"account.deposited"`
		Mark
		Amount int64 `json:"amount"`
	}
	Withdrawn struct {
		ireneo.Event `name:"account.withdrawn"`
		Mark
		Amount int64 `json:"amount"`
	}
)

// Sheet is what a fold of a stream comes to. Trail depends on every event and their order.
type Sheet struct {
	ID      string `gorm:"primaryKey"`
	Version int64
	Balance int64 `validate:"gte=0"`
	Trail   string
}

func (s *Sheet) enter(version, amount int64, m Mark) {
	h := fnv.New64a()
	_, _ = fmt.Fprintf(h, "%s %s %d", s.Trail, m.Op, m.N)
	s.Version, s.Balance, s.Trail = version, s.Balance+amount, fmt.Sprintf("%x", h.Sum64())
}

// seen is what a reader writes down of it.
func (s *Sheet) seen() string { return fmt.Sprint(s.Balance, " ", s.Trail) }

// Balance is a row written with the append, Page one written after the commit, Tally one
// over all streams: of everything an operation of one kind has written.
type (
	Balance struct{ Sheet }
	Page    struct{ Sheet }
	Tally   struct {
		ID     string `gorm:"primaryKey"`
		Events int64
		Amount int64
	}
)

var balances = ireneo.NewProjection("balances",
	ireneo.On(func(b *Balance, e *Opened, _ time.Time) { b.enter(e.Version(), e.Amount, e.Mark) }),
	ireneo.On(func(b *Balance, e *Deposited, _ time.Time) { b.enter(e.Version(), e.Amount, e.Mark) }),
	ireneo.On(func(b *Balance, e *Withdrawn, _ time.Time) { b.enter(e.Version(), -e.Amount, e.Mark) }),
).Snapshot(20)

var pages = ireneo.NewProjection("pages",
	ireneo.On(func(p *Page, e *Written, _ time.Time) { p.enter(e.Version(), 0, e.Mark) }),
)

var tallies = ireneo.NewProjection("tallies",
	ireneo.OnBy(func(e *Written) string { return teller(e.Op) }, func(t *Tally, _ *Written, _ time.Time) { t.Events++ }),
	ireneo.OnBy(func(e *Deposited) string { return teller(e.Op) }, func(t *Tally, e *Deposited, _ time.Time) {
		t.Events, t.Amount = t.Events+1, t.Amount+e.Amount
	}),
)

// teller is the process that an operation is of, without the number of its lives.
func teller(op string) string {
	name, _, _ := strings.Cut(op, ".")
	return name
}

var (
	notes    = &ireneo.Stream{Type: "note", Purpose: "Takes plain appends", Async: ireneo.Materialize(pages)}
	accounts = &ireneo.Stream{
		Type: "account", Purpose: "Takes part in transfers", CreatedBy: "account.opened",
		Consistency: balances, Transactional: ireneo.Materialize(balances),
	}
)

// effect is a row for each event that a subscription was handed, in the order of Seq.
type effect struct {
	Subscription string `gorm:"primaryKey"`
	Seq          int64  `gorm:"primaryKey;autoIncrement:false"`
	Position     int64
	Stream       string
	Version      int64
}

func (effect) TableName() string { return "effects" }

// jot is what a host writes beside the events in its own transaction.
type jot struct {
	Op string `gorm:"primaryKey"`
}

func (jot) TableName() string { return "jots" }

// enact writes the effects of a batch.
func enact(tx *gorm.DB, name string, b ireneo.Batch) error {
	var last int64
	if err := tx.Model(&effect{}).Where("subscription = ?", name).Select("COALESCE(MAX(seq), 0)").Scan(&last).Error; err != nil {
		return err
	}
	var rows []effect
	for i, ev := range b.Events {
		rows = append(rows, effect{name, last + int64(i) + 1, b.Position, streamOf(ev), ev.Version()})
	}
	return tx.Create(&rows).Error
}

// streamOf names the stream of an event, whose type is named before its first dot.
func streamOf(ev ireneo.AnyEvent) string {
	kind, _, _ := strings.Cut(ev.Type(), ".")
	return kind + "/" + ev.StreamID()
}

// subscriptions are one for everything and one for money.
func subscriptions() []*ireneo.Subscription {
	return []*ireneo.Subscription{subscription("all"), subscription("money", ireneo.Filter{Types: []string{"account.*"}})}
}

func subscription(name string, filters ...ireneo.Filter) *ireneo.Subscription {
	return &ireneo.Subscription{
		Name: name, Filters: filters, Backoff: time.Millisecond, Attempts: 1000,
		HandleTx: func(_ context.Context, tx *gorm.DB, b ireneo.Batch) error { return enact(tx, name, b) },
	}
}

var tables = fstest.MapFS{"00001_tables.sql": {Data: []byte(`-- +goose Up
CREATE TABLE balances (id TEXT PRIMARY KEY, version BIGINT NOT NULL, balance BIGINT NOT NULL, trail TEXT NOT NULL);
CREATE TABLE pages (id TEXT PRIMARY KEY, version BIGINT NOT NULL, balance BIGINT NOT NULL, trail TEXT NOT NULL);
CREATE TABLE tallies (id TEXT PRIMARY KEY, events BIGINT NOT NULL, amount BIGINT NOT NULL);
CREATE TABLE jots (op TEXT PRIMARY KEY);
CREATE TABLE effects (
	subscription TEXT, seq BIGINT, position BIGINT NOT NULL, stream TEXT NOT NULL, version BIGINT NOT NULL,
	PRIMARY KEY (subscription, seq));
`)}}

func config(s ...*ireneo.Subscription) ireneo.Config {
	return ireneo.Config{
		Streams:       []*ireneo.Stream{notes, accounts, relays, seats},
		Events:        []ireneo.EventType{ireneo.TypeOf[Relayed](), ireneo.TypeOf[Taken]()},
		Projections:   []ireneo.AnyProjection{tallies},
		Subscriptions: s,
		Migrations:    tables,
		Lease:         time.Second,
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	}
}

// openStore opens a database at a URL, or in a file.
func openStore(ctx context.Context, url string) (store.Store, error) {
	if strings.HasPrefix(url, "postgres") {
		return postgres.Open(ctx, url)
	}
	return sqlite.Open(ctx, url)
}
