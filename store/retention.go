package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Maintainer is a Store whose records may be deleted, for retention and repair.
type Maintainer interface {
	// Maintain runs fn in one transaction in which stored events may be changed and
	// deleted. An error of fn rolls everything back.
	Maintain(ctx context.Context, fn func(tx *gorm.DB) error) error
}

// Maintain runs fn in a transaction of s in which records may be deleted.
func Maintain(ctx context.Context, s Store, fn func(tx *gorm.DB) error) error {
	m, ok := s.(Maintainer)
	if !ok {
		return fmt.Errorf("%w: nothing can be removed from a %T", errors.ErrUnsupported, s)
	}

	return m.Maintain(ctx, fn)
}

// HoldRebuilds keeps rebuilds of these projections from beginning until tx ends, and
// returns the last one of each projection there was. release is to be called before tx is committed.
func HoldRebuilds(ctx context.Context, tx *gorm.DB, projections []string) (last []Rebuild, release func() error, err error) {
	tx = tx.WithContext(ctx)
	var added []string
	for _, name := range slices.Sorted(slices.Values(projections)) { // all in one order, so that nobody waits for each other
		// A row that is not committed keeps others from adding theirs.
		done := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&Rebuild{Projection: name})
		if done.Error == nil && done.RowsAffected == 1 {
			added = append(added, name)
			continue
		}
		if done.Error == nil {
			done = tx.Model(&Rebuild{}).Where("projection = ?", name).Update("epoch", gorm.Expr("epoch"))
		}
		if done.Error != nil {
			return nil, nil, wrap("hold the rebuilds of "+name, done.Error)
		}
	}

	last, err = Rebuilds(ctx, tx)
	last = slices.DeleteFunc(last, func(r Rebuild) bool { return slices.Contains(added, r.Projection) })

	return last, func() error {
		return wrap("let go of the rebuilds", tx.Where("projection IN ?", added).Delete(&Rebuild{}).Error)
	}, err
}

// Content says how many records of one type a stream has, and where the last of them is.
type Content struct {
	Type     string
	Records  int64
	Position int64
}

// Contents are the types of records of a stream.
func Contents(ctx context.Context, db *gorm.DB, stream Stream) (all []Content, err error) {
	err = scan(db.WithContext(ctx).Table("event_entries").
		Select("type", "COUNT(*) AS records", "MAX(position) AS position").
		Where("stream_type = ? AND stream_id = ?", stream.Type, stream.ID).
		Group("type").Order("type"), &all)

	return all, wrap("count the records of "+stream.Type+"/"+stream.ID, err)
}

// AsideBy is a subscription that has put a batch with records of a stream aside, to be
// tried again; empty: none has.
func AsideBy(ctx context.Context, db *gorm.DB, stream Stream) (subscription string, err error) {
	positions := db.WithContext(ctx).Table("event_entries").Select("position").
		Where("stream_type = ? AND stream_id = ?", stream.Type, stream.ID)
	var names []string
	err = db.WithContext(ctx).Model(&DeadLetter{}).Where("skipped = ? AND position IN (?)", false, positions).
		Order("subscription").Limit(1).Pluck("subscription", &names).Error
	if len(names) > 0 {
		subscription = names[0]
	}

	return subscription, wrap("read the dead letters of "+stream.Type+"/"+stream.ID, err)
}

// RemoveStreams deletes all records and snapshots of streams of one type, in a transaction
// of Maintain, and returns how many records there were.
func RemoveStreams(ctx context.Context, tx *gorm.DB, typ string, ids []string) (records int64, err error) {
	if err := removeSnapshots(ctx, tx, typ, ids); err != nil {
		return 0, err
	}
	done := tx.WithContext(ctx).Exec(`
		DELETE FROM event_entries
		WHERE stream_type = ?
		AND stream_id IN ?`, typ, ids)

	return done.RowsAffected, wrap("remove streams of "+typ, done.Error)
}

// removeSnapshots deletes those of all projections there are snapshots of, whether any
// program still knows them or not. Their names are found by jumping from one to the next.
func removeSnapshots(ctx context.Context, tx *gorm.DB, typ string, ids []string) error {
	var keys []string
	for after := ""; ; {
		var next []string
		err := tx.WithContext(ctx).Table("event_snapshots").Where("id >= ?", after).Order("id").Limit(1).Pluck("id", &next).Error
		if err != nil {
			return wrap("read the names of snapshots", err)
		}
		if len(next) == 0 {
			break
		}
		name, _, _ := strings.Cut(next[0], "/")
		for _, id := range ids {
			keys = append(keys, name+"/"+typ+"/"+id)
		}
		after = name + "0" // which comes right after the slash
	}
	for part := range slices.Chunk(keys, maxKeys) {
		if err := RemoveRows(ctx, tx, "event_snapshots", "id", part); err != nil {
			return err
		}
	}

	return nil
}

// maxKeys is how many keys one statement has at most.
const maxKeys = 1000

// RemoveRows deletes the rows of a table with these keys, whatever GORM hides.
func RemoveRows(ctx context.Context, tx *gorm.DB, table, key string, keys []string) error {
	err := tx.WithContext(ctx).Exec(`
		DELETE FROM ?
		WHERE ? IN ?`, clause.Table{Name: table}, clause.Column{Name: key}, keys).Error

	return wrap("remove rows of "+table, err)
}
