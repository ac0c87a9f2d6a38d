package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// entry is the log's table as a GORM model.
type entry struct {
	Position      int64 `gorm:"primaryKey;autoIncrement"`
	StreamType    string
	StreamID      string
	Version       int64
	EventID       uuid.UUID `gorm:"type:uuid"`
	Type          string
	SchemaVersion int
	Data          json.RawMessage `gorm:"type:json"`
	Meta          json.RawMessage `gorm:"type:json"`
	RecordedAt    time.Time
	OccurredAt    time.Time
}

// TableName is a hook of GORM.
func (entry) TableName() string { return "event_entries" }

// naive appends as the Ruby gem Funes does: in one transaction it reads all events of the stream,
// decodes and folds them, validates, and inserts the next.
type naive struct {
	db       *gorm.DB
	validate *validator.Validate
}

// startNaive works on the streams of startCold.
func startNaive(ctx context.Context, s *site) (load, error) {
	carrier, err := s.log(ctx, config(account))
	if err != nil {
		return nil, err
	}
	handles, err := deepStreams(carrier, account, coldStreams, 1000)
	if err != nil {
		return nil, err
	}
	n, err := openNaive(ctx, s)
	if err != nil {
		return nil, err
	}

	all := make(clients, s.clients)
	for i := range all {
		turn := i
		all[i].op = func(ctx context.Context) error {
			turn++
			return n.append(ctx, handles[turn%coldStreams].ID())
		}
	}
	return all, nil
}

func openNaive(ctx context.Context, s *site) (*naive, error) {
	pool, err := s.pool(ctx)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, `
		ALTER TABLE event_entries
		ALTER COLUMN position SET DEFAULT nextval('event_entries_position_seq'),
		ALTER COLUMN ordinal SET DEFAULT 1`)
	if err != nil {
		return nil, err
	}
	conn := stdlib.OpenDBFromPool(pool)
	s.later(conn.Close)

	db, err := gorm.Open(postgres.New(postgres.Config{Conn: conn}), &gorm.Config{Logger: logger.Discard})
	return &naive{db: db, validate: validator.New(validator.WithRequiredStructEnabled())}, err
}

func (n *naive) append(ctx context.Context, id string) error {
	return n.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var position Position
		last, err := n.replay(tx, id, &position)
		if err != nil {
			return err
		}

		ev := deposited()
		position.deposit(ev)
		if err := errors.Join(n.validate.StructExcept(ev, "Event", "Rate"), n.validate.StructExcept(&position, "Rate")); err != nil {
			return err
		}
		data, meta := stored()
		now := time.Now()
		return tx.Create(&entry{
			StreamType: account.Type, StreamID: id, Version: last + 1, EventID: uuid.Must(uuid.NewV7()),
			Type: "account.deposited", SchemaVersion: 1, Data: data, Meta: meta, RecordedAt: now, OccurredAt: now,
		}).Error
	})
}

func (n *naive) replay(tx *gorm.DB, id string, position *Position) (last int64, err error) {
	var entries []entry
	if err := tx.Where("stream_type = ? AND stream_id = ?", account.Type, id).Order("version").Find(&entries).Error; err != nil {
		return 0, err
	}
	for _, e := range entries {
		var ev Deposited
		if err := json.Unmarshal(e.Data, &ev); err != nil {
			return 0, err
		}
		position.deposit(&ev)
		last = e.Version
	}
	return last, nil
}
