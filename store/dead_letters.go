package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// DeadLetter is a batch that was put aside, because its handler failed on it or on one
// before it of the same stream.
type DeadLetter struct {
	Subscription string `gorm:"primaryKey"`
	Position     int64  `gorm:"primaryKey;autoIncrement:false"`
	Streams      string // a JSON list; see TouchedBy
	Error        string
	Attempts     int  // zero: it is to be tried again
	Skipped      bool // for good
	ParkedAt     time.Time
}

// TableName implements GORM's Tabler.
func (DeadLetter) TableName() string { return "event_dead_letters" }

// NewDeadLetter puts the records of a batch aside.
func NewDeadLetter(subscription string, batch []Record) DeadLetter {
	streams := []Stream{}
	for _, r := range batch {
		streams = append(streams, r.Stream)
	}
	text, _ := json.Marshal(streams) //nolint:errchkjson // strings can always be written
	return DeadLetter{Subscription: subscription, Position: batch[0].Position, Streams: string(text)}
}

// TouchedBy are the streams of the letter.
func (d DeadLetter) TouchedBy() (streams []Stream, err error) {
	err = json.Unmarshal([]byte(d.Streams), &streams)
	return streams, wrap("read the streams of a dead letter", err)
}

// SaveDeadLetter adds a letter, or changes the one of its position.
func SaveDeadLetter(ctx context.Context, tx *gorm.DB, d DeadLetter) error {
	d.Error = text(d.Error)
	err := tx.WithContext(ctx).Clauses(clause.OnConflict{UpdateAll: true}).Create(&d).Error
	return wrap("save a dead letter of "+d.Subscription, err)
}

// RemoveDeadLetter removes a letter that was delivered.
func RemoveDeadLetter(ctx context.Context, tx *gorm.DB, d DeadLetter) error {
	err := tx.WithContext(ctx).Where("subscription = ? AND position = ?", d.Subscription, d.Position).
		Delete(&DeadLetter{}).Error
	return wrap("remove a dead letter of "+d.Subscription, err)
}

// DeadLetters returns those of a subscription, in the order of positions.
func DeadLetters(ctx context.Context, db *gorm.DB, subscription string) (all []DeadLetter, err error) {
	err = db.WithContext(ctx).Where("subscription = ?", subscription).Order("position").Find(&all).Error
	return all, wrap("read the dead letters of "+subscription, err)
}

// CountDeadLetters counts those that are not skipped, by subscription.
func CountDeadLetters(ctx context.Context, db *gorm.DB) (map[string]int, error) {
	return countLetters(ctx, db, "skipped = ?", false)
}

// DueDeadLetters counts those that are to be tried again, by subscription.
func DueDeadLetters(ctx context.Context, db *gorm.DB) (map[string]int, error) {
	return countLetters(ctx, db, "skipped = ? AND attempts = 0", false)
}

func countLetters(ctx context.Context, db *gorm.DB, where string, args ...any) (map[string]int, error) {
	var rows []struct {
		Subscription string
		Letters      int
	}
	err := scan(db.WithContext(ctx).Model(&DeadLetter{}).Select("subscription", "COUNT(*) AS letters").
		Where(where, args...).Group("subscription"), &rows)
	counts := map[string]int{}
	for _, r := range rows {
		counts[r.Subscription] = r.Letters
	}
	return counts, wrap("count the dead letters", err)
}

// RetryDeadLetters marks those of a subscription that are not skipped as due.
func RetryDeadLetters(ctx context.Context, db *gorm.DB, subscription string) (letters int, err error) {
	done := db.WithContext(ctx).Model(&DeadLetter{}).
		Where("subscription = ? AND skipped = ?", subscription, false).Update("attempts", 0)
	return int(done.RowsAffected), wrap("replay the dead letters of "+subscription, done.Error)
}

// ErrNothingFailed says that there is no batch to skip.
var ErrNothingFailed = errors.New("nothing has failed")

// Skip moves a stopped subscription past the batch that stopped it, which it keeps on
// record, and lets it run again. It is ErrFenced where the subscription is not as s says
// any more.
func Skip(ctx context.Context, db *gorm.DB, s Subscription, letter DeadLetter, reason string, now time.Time) error {
	why := "\nskipped: " + cut(reason, mostText/2)
	letter.Error = cut(s.Reason, mostText-len(why)-len("…")) + why
	letter.Attempts, letter.Skipped, letter.ParkedAt = s.Attempts, true, now
	return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := SaveDeadLetter(ctx, tx, letter); err != nil {
			return err
		}
		done := tx.Model(&Subscription{}).
			Where("name = ? AND epoch = ? AND state = ? AND failed_position = ?", s.Name, s.Epoch, Stopped, s.FailedPosition).
			Updates(map[string]any{
				"position": s.FailedPosition, "state": Running, "reason": "", "failed_position": 0, "attempts": 0, "changed_at": now,
			})
		if done.Error == nil && done.RowsAffected != 1 {
			done.Error = ErrFenced
		}
		return wrap("skip in "+s.Name, done.Error)
	})
}
