package ireneo_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// The application the contracts are tested with: accounts that may not go below zero,
// with a transactional row each.

type Opened struct {
	ireneo.Event `name:"account.opened"`

	Owner string `json:"owner" validate:"required,max=50" sensitive:"true"`
}

type Deposited struct {
	ireneo.Event `name:"account.deposited"`

	Amount int64  `json:"amount" validate:"gt=0"`
	Note   string `json:"note,omitempty"`
}

type Withdrawn struct {
	ireneo.Event `name:"account.withdrawn"`

	Amount int64 `json:"amount" validate:"gt=0"`
}

type Closed struct {
	ireneo.Event `name:"account.closed"`
}

// Noted is registered, but no projection interprets it.
type Noted struct {
	ireneo.Event `name:"account.noted"`

	Text string `json:"text"`
}

// Position decides: it is the consistency projection.
type Position struct {
	Balance int64 `validate:"gte=0"`
	Events  int
}

var AccountPosition = ireneo.NewProjection("account_position",
	ireneo.On(func(p *Position, e *Deposited, _ time.Time) { p.Balance += e.Amount; p.Events++ }),
	ireneo.On(func(p *Position, e *Withdrawn, _ time.Time) {
		if e.Amount == 13 {
			e.Errors().Add("amount", "is unlucky")
		}
		p.Balance -= e.Amount
		p.Events++
	}),
)

// Balance is the row kept beside each account.
type Balance struct {
	ID      string `gorm:"primaryKey"`
	Amount  int64
	LastAt  *time.Time
	Version int64
}

func (Balance) TableName() string { return "balances" }

var Balances = ireneo.NewProjection("balances",
	ireneo.On(func(b *Balance, e *Deposited, at time.Time) {
		b.Amount += e.Amount
		b.LastAt, b.Version = &at, e.Version()
	}),
	ireneo.On(func(b *Balance, e *Withdrawn, at time.Time) {
		b.Amount -= e.Amount
		b.LastAt, b.Version = &at, e.Version()
	}),
)

var Account = &ireneo.Stream{
	Type:          "account",
	Purpose:       "Money of one owner",
	ClosedBy:      "account.closed",
	Consistency:   AccountPosition,
	Transactional: ireneo.Materialize(Balances),
}

// Journal is a stream nothing has to be known of before an append.
var Journal = &ireneo.Stream{Type: "journal", Purpose: "Notes nobody decides on"}

var events = []ireneo.EventType{
	ireneo.TypeOf[Opened](), ireneo.TypeOf[Deposited](), ireneo.TypeOf[Withdrawn](),
	ireneo.TypeOf[Closed](), ireneo.TypeOf[Noted](),
}

// tables are the application's own migrations.
var tables = fstest.MapFS{"00001_tables.sql": &fstest.MapFile{Data: []byte(`-- +goose Up
CREATE TABLE balances (
  id TEXT PRIMARY KEY,
  amount BIGINT NOT NULL,
  last_at TIMESTAMP,
  version BIGINT NOT NULL
);
CREATE TABLE owners (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
-- +goose Down
DROP TABLE owners;
DROP TABLE balances;
`)}}

func config() ireneo.Config {
	return ireneo.Config{
		Streams:    []*ireneo.Stream{Account, Journal},
		Events:     events,
		Migrations: tables,
		Logger:     slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// each runs a test on both databases, with the log on the context.
func each(t *testing.T, config ireneo.Config, run func(t *testing.T, ctx context.Context, log *ireneo.Log)) {
	t.Helper()
	ireneotest.Each(t, config, func(t *testing.T, log *ireneo.Log) {
		run(t, ireneo.WithLog(t.Context(), log), log)
	})
}

// with is the default configuration with streams and events added.
func with(streams []*ireneo.Stream, types ...ireneo.EventType) ireneo.Config {
	c := config()
	c.Streams = append(c.Streams, streams...)
	c.Events = append(append([]ireneo.EventType{}, c.Events...), types...)
	return c
}

// sibling opens a second log on the same database, as another process would: with
// caches of its own.
func sibling(t *testing.T, log *ireneo.Log, config ireneo.Config) *ireneo.Log {
	t.Helper()
	other, err := ireneo.Sibling(log, config)
	must(t, err)
	return other
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t testing.TB, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("got error %v, want %v", got, want)
	}
}

func wantVersion(t testing.TB, ctx context.Context, h *ireneo.Handle, want int64) {
	t.Helper()
	got, err := h.Version(ctx)
	must(t, err)
	if got != want {
		t.Errorf("%s/%s is at version %d, want %d", h.Type(), h.ID(), got, want)
	}
}

func wantBalance(t testing.TB, ctx context.Context, id string, want int64) {
	t.Helper()
	b, err := Balances.Find(ctx, id)
	must(t, err)
	if b.Amount != want {
		t.Errorf("balance of %s is %d, want %d", id, b.Amount, want)
	}
}

func wantNoBalance(t testing.TB, ctx context.Context, id string) {
	t.Helper()
	_, err := Balances.Find(ctx, id)
	wantError(t, err, ireneo.ErrNotFound)
}

// collect reads all events of a stream.
func collect(t testing.TB, ctx context.Context, h *ireneo.Handle, opts ...ireneo.ReplayOption) []ireneo.AnyEvent {
	t.Helper()
	var all []ireneo.AnyEvent
	for ev, err := range h.Events(ctx, opts...) {
		must(t, err)
		all = append(all, ev)
	}
	return all
}

func versions(events []ireneo.AnyEvent) string {
	s := ""
	for _, ev := range events {
		s += fmt.Sprintf(" %d", ev.Version())
	}
	return s
}

// clock is a settable time.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time  { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) Set(t time.Time) { c.mu.Lock(); defer c.mu.Unlock(); c.now = t }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// safeBuffer collects log lines of concurrent appends.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}
func (s *safeBuffer) Reset()         { s.mu.Lock(); defer s.mu.Unlock(); s.b.Reset() }
func (s *safeBuffer) String() string { s.mu.Lock(); defer s.mu.Unlock(); return s.b.String() }

var errHost = errors.New("the host changed its mind")

// rolledBack runs fn in a host transaction and rolls it back.
func rolledBack(t testing.TB, log *ireneo.Log, fn func(tx *gorm.DB)) {
	t.Helper()
	err := log.DB().Transaction(func(tx *gorm.DB) error { fn(tx); return errHost })
	wantError(t, err, errHost)
}

func textLogger(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// databases are those every contract is tested on.
var databases = []struct {
	name string
	log  func(testing.TB, ireneo.Config) *ireneo.Log
}{{"sqlite", ireneotest.SQLite}, {"postgres", ireneotest.Postgres}}

// postgresOnly is for what SQLite, with its one writer, cannot meet.
func postgresOnly(t *testing.T, config ireneo.Config, run func(t *testing.T, ctx context.Context, log *ireneo.Log)) {
	t.Helper()
	log := ireneotest.Postgres(t, config)
	run(t, ireneo.WithLog(t.Context(), log), log)
}

func debugLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
