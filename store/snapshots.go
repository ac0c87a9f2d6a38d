package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Snapshot is the folded state of one stream at one version.
type Snapshot struct {
	ID          string
	Fingerprint string    // of the program that folded it
	Version     int64     // of the last record in it
	RecordedAt  time.Time // of that record
	OccurredAt  time.Time // the latest of all records in it
	Closed      bool      // whether the stream was closed
	State       string    // a JSON object
}

// Row is the upsert of the snapshot, to be written with the records that led to it.
func (s Snapshot) Row(of string) Row {
	return Row{
		Of: of, Table: "event_snapshots", Key: "id",
		Columns: []string{"id", "fingerprint", "version", "recorded_at", "occurred_at", "closed", "state"},
		Values:  []any{s.ID, s.Fingerprint, s.Version, s.RecordedAt, s.OccurredAt, s.Closed, s.State},
	}
}

// Snapshots reads those of these ids that there are, in no particular order. Given a
// transaction it reads inside it.
func Snapshots(ctx context.Context, s Store, tx *gorm.DB, ids ...string) ([]Snapshot, error) {
	if tx == nil {
		tx = s.DB()
	}
	var snapshots []Snapshot
	err := tx.Session(&gorm.Session{NewDB: true, Context: ctx}).Table("event_snapshots").
		Where("id IN ?", ids).Find(&snapshots).Error

	return snapshots, wrapRead("read snapshots", err)
}
