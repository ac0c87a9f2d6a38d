package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Rebuild is how far a projection's table has come that is to replace the one in use.
type Rebuild struct {
	Projection     string `gorm:"primaryKey"`
	Program        string // which one makes it: only that goes on with it
	Filter         string // what is selected
	Shadow         string // the table that is filled, or brought up to date
	Back           bool   // it is the one that was replaced
	Phase          string // Starting, Filling, Following, Done, Canceled or Failed
	StreamID       string // filling by streams: those up to this one are done
	Position       int64  // filling by streams: as far as it reads; else: everything up to here is done
	Events         int64  // read so far
	Total          int64  // to read, as far as known
	Rows           int64  // written so far
	Rate           int64  // events a second
	Replaced       int64  // as far as the table had come that was replaced last
	ReplacedFilter string // what that selects; empty: there is none
	Epoch          int64  // rises with every new owner
	Owner          string // who is at it; empty: nobody
	LeaseUntil     time.Time
	Error          string // why it does not go on
	StartedAt      time.Time
	ChangedAt      time.Time
}

// The phases of a rebuild.
const (
	Starting  = "starting"  // its table is being made
	Filling   = "filling"   // with what was there when it began
	Following = "following" // what has come since
	Done      = "done"      // the tables have changed places
	Canceled  = "canceled"
	Failed    = "failed"
)

// TableName implements GORM's Tabler.
func (Rebuild) TableName() string { return "event_rebuilds" }

// Open reports whether a rebuild is neither done nor given up.
func (r Rebuild) Open() bool {
	return r.Phase == Starting || r.Phase == Filling || r.Phase == Following
}

// Alive reports whether somebody is at it.
func (r Rebuild) Alive(now time.Time) bool {
	return r.Open() && r.Owner != "" && r.LeaseUntil.After(now)
}

// Rebuilds returns the last one of each projection, by name.
func Rebuilds(ctx context.Context, db *gorm.DB) (all []Rebuild, err error) {
	err = db.WithContext(ctx).Order("projection").Find(&all).Error
	return all, wrap("read the rebuilds", err)
}

// FindRebuild reads the last rebuild of a projection. It is gorm.ErrRecordNotFound where
// there was none.
func FindRebuild(ctx context.Context, db *gorm.DB, projection string) (r Rebuild, err error) {
	err = db.WithContext(ctx).Where("projection = ?", projection).Take(&r).Error
	return r, wrap("read the rebuild of "+projection, err)
}

// Claim stores r, which has an owner, in place of the rebuild of the epoch before, unless
// somebody is at that, or has claimed it meanwhile.
func (r Rebuild) Claim(ctx context.Context, db *gorm.DB, now time.Time) (claimed bool, err error) {
	var done *gorm.DB
	if r.Epoch == 1 {
		done = db.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&r)
	} else {
		done = db.WithContext(ctx).Model(&Rebuild{}).Select("*").
			Where("projection = ? AND epoch = ?", r.Projection, r.Epoch-1).
			Where("owner = '' OR lease_until < ?", now).Updates(r)
	}
	return done.RowsAffected == 1, wrap("claim the rebuild of "+r.Projection, done.Error)
}

// Save stores how far it has come, in tx together with what was done. It is ErrFenced
// where r's owner is not its owner any more.
func (r Rebuild) Save(ctx context.Context, tx *gorm.DB) error {
	r.Error = text(r.Error)
	return r.change(ctx, tx.Select(
		"filter", "phase", "stream_id", "position", "events", "total", "rows", "rate",
		"replaced", "replaced_filter", "error", "changed_at"), r)
}

// Finish is Save of the last step, with which its owner gives it up.
func (r Rebuild) Finish(ctx context.Context, tx *gorm.DB, owner string) error {
	r.Owner = owner
	if err := r.Save(ctx, tx); err != nil {
		return err
	}
	return r.Release(ctx, tx)
}

// Renew prolongs the lease, likewise.
func (r Rebuild) Renew(ctx context.Context, db *gorm.DB, until time.Time) error {
	return r.change(ctx, db, map[string]any{"lease_until": until})
}

// Release gives it up, likewise.
func (r Rebuild) Release(ctx context.Context, db *gorm.DB) error {
	return r.change(ctx, db, map[string]any{"owner": "", "phase": r.Phase, "error": text(r.Error), "changed_at": r.ChangedAt})
}

func (r Rebuild) change(ctx context.Context, tx *gorm.DB, set any) error {
	done := tx.WithContext(ctx).Model(&Rebuild{}).
		Where("projection = ? AND epoch = ? AND owner = ?", r.Projection, r.Epoch, r.Owner).Updates(set)
	if done.Error == nil && done.RowsAffected != 1 {
		done.Error = ErrFenced
	}
	return wrap("change the rebuild of "+r.Projection, done.Error)
}

// CancelRebuild gives up the rebuild of a projection, and fences off whoever is at it. It
// reports whether there was one to cancel.
func CancelRebuild(ctx context.Context, db *gorm.DB, projection string, now time.Time) (canceled bool, err error) {
	done := db.WithContext(ctx).Model(&Rebuild{}).
		Where("projection = ? AND phase IN ?", projection, []string{Starting, Filling, Following}).
		Updates(map[string]any{"phase": Canceled, "owner": "", "epoch": gorm.Expr("epoch + 1"), "changed_at": now})
	return done.RowsAffected == 1, wrap("cancel the rebuild of "+projection, done.Error)
}

// Rebase puts the cursor of rebuilt rows to where they are, whatever it was, of what they
// are. One that has stopped goes on; one that is paused stays so.
func Rebase(ctx context.Context, tx *gorm.DB, name, filter string, position int64, now time.Time) error {
	err := tx.WithContext(ctx).Model(&Subscription{}).Where("name = ?", name).
		Updates(map[string]any{
			"filter": filter, "position": position, "epoch": gorm.Expr("epoch + 1"), "owner": "", "changed_at": now,
		}).Error
	if err == nil {
		_, err = Switch(ctx, tx, name, []string{Stopped}, Running, "", now)
	}
	return wrap("set the cursor of "+name, err)
}

// CountRecords counts the events up to a position of some types in the streams of some
// types. Nil types are all.
func CountRecords(ctx context.Context, db *gorm.DB, streams, types []string, upTo int64) (n int64, err error) {
	q := db.WithContext(ctx).Table("event_entries").Where("position <= ?", upTo)
	if streams != nil {
		q = q.Where("stream_type IN ?", streams)
	}
	if types != nil {
		q = q.Where("type IN ?", types)
	}
	return n, wrap("count the events", q.Count(&n).Error)
}
