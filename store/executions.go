package store

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Execution is what is on record of a command.
type Execution struct {
	ID          string `gorm:"primaryKey"` // a UUIDv7, made when it began
	CommandID   string // unique among those Committed or Nothing, unless empty
	Command     string // its stored name
	Actor       string // who gave it; empty: nobody said
	Correlation string // what it is part of; empty: nobody said
	Outcome     string
	Reason      string // why nothing was written; empty: there is nothing to say
	Attempts    int
	Position    int64 // of the batch it has appended; zero: none
	Events      int   // in that batch
	StartedAt   time.Time
	Took        time.Duration
}

// The outcomes of an execution, of which Failed is that of a rebuild.
const (
	Committed  = "committed"  // records were inserted with it
	Nothing    = "nothing"    // there was nothing to insert
	Rejected   = "rejected"   // it was refused
	Conflicted = "conflicted" // others were faster each time
)

// TableName implements GORM's Tabler.
func (Execution) TableName() string { return "command_executions" }

// Executions selects executions. The zero value of each field but Limit means no bound.
type Executions struct {
	Command string // only of this command
	Outcome string // only with this outcome
	Actor   string // only of this actor
	Before  string // only those further down a list than the one with this id
	Limit   int    // at most so many
}

// ListExecutions returns executions, the last one begun first.
func ListExecutions(ctx context.Context, db *gorm.DB, q Executions) (all []Execution, err error) {
	query := db.WithContext(ctx).Order("id DESC").Limit(q.Limit)
	if q.Before != "" {
		query = query.Where("id < ?", q.Before)
	}
	query = query.Where(&Execution{Command: q.Command, Outcome: q.Outcome, Actor: q.Actor})
	if slices.Contains([]string{Rejected, Conflicted, Failed}, q.Outcome) { // spelled out, it is seen to be in the index
		query = query.Where("outcome IN ('rejected', 'conflicted', 'failed')")
	}

	return all, wrapRead("read the executions", query.Find(&all).Error)
}

// FindExecution reads one. It is gorm.ErrRecordNotFound where there is none of this id.
func FindExecution(ctx context.Context, db *gorm.DB, id string) (e Execution, err error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return Execution{}, gorm.ErrRecordNotFound
	}
	err = db.WithContext(ctx).Where("id = ?", parsed.String()).Take(&e).Error

	return e, wrapRead("read the execution "+id, err)
}

// FindExecuted reads the execution that counts for a command id: the one Committed or
// Nothing. It is gorm.ErrRecordNotFound where there is none.
func FindExecuted(ctx context.Context, db *gorm.DB, commandID string) (e Execution, err error) {
	err = db.WithContext(ctx).Where("command_id = ? AND command_id <> '' AND outcome IN ('committed', 'nothing')", commandID).Take(&e).Error

	return e, wrapRead("read the execution of "+commandID, err)
}

// Record stores an execution that has inserted no records. It is ErrExecuted where one that
// counts has its CommandID.
func (e Execution) Record(ctx context.Context, db *gorm.DB) error {
	done := db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&e)
	if done.Error == nil && done.RowsAffected == 0 {
		return wrap("record the execution "+e.ID, ErrExecuted)
	}

	// Where the answer was lost it may be there, and is left as it is by the next one.
	return wrapRead("record the execution "+e.ID, done.Error)
}

// forgottenAtOnce bounds how many executions one transaction deletes, or looks at.
const forgottenAtOnce = 10_000

// ForgetExecutions deletes those begun before a time, and returns how many there were. It
// follows their ids, which are in the order of their beginnings, and ends where it meets none
// that is old enough. So it may leave some for the next time where a clock was set back. On
// an error some may be deleted.
func ForgetExecutions(ctx context.Context, db *gorm.DB, before time.Time) (forgotten int64, err error) {
	for after := uuid.Nil.String(); ; {
		var until []string // the last of as many as are looked at; nothing: these are the last
		ids := db.WithContext(ctx).Model(&Execution{}).Where("id > ?", after).Order("id")
		if err := ids.Offset(forgottenAtOnce-1).Limit(1).Pluck("id", &until).Error; err != nil {
			return forgotten, wrapRead("forget executions", err)
		}

		old := db.WithContext(ctx).Where("id > ? AND started_at < ?", after, before)
		if len(until) > 0 {
			old = old.Where("id <= ?", until[0])
		}
		done := old.Delete(&Execution{})
		forgotten += done.RowsAffected
		if done.Error != nil || done.RowsAffected == 0 || len(until) == 0 {
			return forgotten, wrap("forget executions", done.Error)
		}
		after = until[0]
	}
}
