package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrFenced says that something was not changed, because it is not as, or not led by whom,
// its changer believes.
var ErrFenced = errors.New("somebody else has changed it meanwhile")

// Subscription is a cursor in the log: how far somebody has come, and who may move it.
type Subscription struct {
	Name           string `gorm:"primaryKey"`
	Kind           string // of what it belongs to
	Filter         string // what is selected
	Position       int64  // everything up to here is done
	Epoch          int64  // rises with every new leader
	Owner          string // the leader; empty: nobody
	LeaseUntil     time.Time
	State          string // Running, Paused or Stopped
	Reason         string // why it does not run
	FailedPosition int64  // the batch that stopped it; zero: none
	Attempts       int    // how often that was tried
	ChangedAt      time.Time
}

// Now is the time as the database keeps it. Leases are about processes, not about records, so
// it is nobody's clock but the machine's. Two machines whose clocks differ may take a lease
// too early or too late; the epoch makes that harmless.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }

// The states of a subscription.
const (
	Running = "running"
	Paused  = "paused"
	Stopped = "stopped"
)

// TableName implements GORM's Tabler.
func (Subscription) TableName() string { return "event_subscriptions" }

// LedBy reports whether owner leads the subscription, as it was read.
func (s Subscription) LedBy(owner string) bool { return s.Owner == owner && owner != "" }

// Led reports whether anybody leads the subscription at a moment.
func (s Subscription) Led(now time.Time) bool { return s.Owner != "" && s.LeaseUntil.After(now) }

// Free reports whether somebody new may lead the subscription.
func (s Subscription) Free(now time.Time) bool {
	return s.State == Running && (s.Owner == "" || s.LeaseUntil.Before(now))
}

// Declare adds a subscription where there is none of its name.
func Declare(ctx context.Context, db *gorm.DB, s Subscription) error {
	err := db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&s).Error
	return wrap("declare subscription "+s.Name, err)
}

// Subscriptions returns all there are, by name.
func Subscriptions(ctx context.Context, db *gorm.DB) (all []Subscription, err error) {
	err = db.WithContext(ctx).Order("name").Find(&all).Error
	return all, wrap("read the subscriptions", err)
}

// FindSubscription reads one. It is gorm.ErrRecordNotFound where there is none.
func FindSubscription(ctx context.Context, db *gorm.DB, name string) (s Subscription, err error) {
	err = db.WithContext(ctx).Where("name = ?", name).Take(&s).Error
	return s, wrap("read subscription "+name, err)
}

// Lead makes owner the leader of a subscription that is free, and still as it was read.
// The epoch is one higher then.
func Lead(ctx context.Context, db *gorm.DB, s Subscription, owner string, now, until time.Time) (led bool, err error) {
	done := db.WithContext(ctx).Model(&Subscription{}).
		Where("name = ? AND epoch = ? AND state = ?", s.Name, s.Epoch, Running).
		Where("owner = '' OR lease_until < ?", now).
		Updates(map[string]any{"epoch": s.Epoch + 1, "owner": owner, "lease_until": until})
	return done.RowsAffected == 1, wrap("lead subscription "+s.Name, done.Error)
}

// Renew prolongs all that owner leads.
func Renew(ctx context.Context, db *gorm.DB, owner string, until time.Time) error {
	err := db.WithContext(ctx).Model(&Subscription{}).Where("owner = ?", owner).
		Update("lease_until", until).Error
	return wrap("renew the leases", err)
}

// Release gives up all that owner leads.
func Release(ctx context.Context, db *gorm.DB, owner string) error {
	err := db.WithContext(ctx).Model(&Subscription{}).Where("owner = ?", owner).
		Update("owner", "").Error
	return wrap("release the leases", err)
}

// Advance moves the cursor of s to a position, in tx together with whatever else was done
// there. It is ErrFenced where the cursor was moved, led, paused or halted by somebody else.
func Advance(ctx context.Context, tx *gorm.DB, s Subscription, to int64, now time.Time) error {
	return s.change(ctx, tx, map[string]any{"position": to, "changed_at": now})
}

// Yield gives up the lead of a subscription.
func Yield(ctx context.Context, db *gorm.DB, s Subscription) error {
	return s.changeWhere(ctx, db, map[string]any{"owner": ""})
}

// Pass moves the cursor past what was done outside of any transaction, even where the
// subscription was halted or paused meanwhile: else it would be done again.
func Pass(ctx context.Context, db *gorm.DB, s Subscription, to int64, now time.Time) error {
	return s.changeWhere(ctx, db, map[string]any{"position": to, "changed_at": now})
}

// Halt stops a subscription at a batch it cannot get past.
func Halt(ctx context.Context, db *gorm.DB, s Subscription, failed int64, attempts int, reason string, now time.Time) error {
	return s.change(ctx, db, map[string]any{
		"state": Stopped, "reason": text(reason), "failed_position": failed, "attempts": attempts, "changed_at": now,
	})
}

// Hold fails with ErrFenced where the subscription is not as s says any more.
func Hold(ctx context.Context, tx *gorm.DB, s Subscription, now time.Time) error {
	return s.change(ctx, tx, map[string]any{"changed_at": now})
}

// change updates the subscription where it is as s says.
func (s Subscription) change(ctx context.Context, tx *gorm.DB, set map[string]any) error {
	return s.changeWhere(ctx, tx.Where("state = ?", Running), set)
}

func (s Subscription) changeWhere(ctx context.Context, tx *gorm.DB, set map[string]any) error {
	done := tx.WithContext(ctx).Model(&Subscription{}).
		Where("name = ? AND epoch = ? AND position = ?", s.Name, s.Epoch, s.Position).Updates(set)
	if done.Error == nil && done.RowsAffected != 1 {
		done.Error = ErrFenced
	}
	return wrap("change subscription "+s.Name, done.Error)
}

// Switch takes a subscription from one of some states to another. The failure that is on
// record is forgotten where it runs again.
func Switch(ctx context.Context, db *gorm.DB, name string, from []string, to, reason string, now time.Time) (done bool, err error) {
	set := map[string]any{"state": to, "reason": text(reason), "changed_at": now}
	if to == Running {
		set["failed_position"], set["attempts"] = 0, 0
	}
	result := db.WithContext(ctx).Model(&Subscription{}).
		Where("name = ? AND state IN ?", name, from).Updates(set)
	return result.RowsAffected == 1, wrap("change subscription "+name, result.Error)
}

// mostText is how many bytes of what others have said are stored.
const mostText = 10_000

// text is what others have said as every database stores it, cut to a length that can be
// read.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(cut(s, mostText), "\uFFFD"), "\x00", "\uFFFD")
}

func cut(s string, most int) string {
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
