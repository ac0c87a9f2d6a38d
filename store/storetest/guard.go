package storetest

import (
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// maintainer is the named maintenance path, which is no part of the seam.
type maintainer interface {
	Maintain(ctx context.Context, fn func(tx *gorm.DB) error) error
}

func guardRefuses(t *testing.T, s store.Store) {
	insert(t, s, batchOf(event(account("a"), 1)))
	before := readStream(t, s, account("a"))

	for _, sql := range []string{
		"UPDATE event_entries SET type = 'forged'",
		"UPDATE event_entries SET version = version + 1 WHERE stream_id = 'a'",
		"DELETE FROM event_entries",
	} {
		if err := s.DB().Exec(sql).Error; err == nil {
			t.Errorf("%s: got no error", sql)
		}
	}
	equal(t, readStream(t, s, account("a")), before)
}

func guardMaintain(t *testing.T, s store.Store) {
	insert(t, s, batchOf(event(account("a"), 1), event(account("a"), 2)))

	err := s.(maintainer).Maintain(t.Context(), func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE event_entries SET type = 'mended' WHERE version = 1").Error; err != nil {
			return err
		}

		return tx.Exec("DELETE FROM event_entries WHERE version = 2").Error
	})
	if err != nil {
		t.Fatal(err)
	}
	got := readStream(t, s, account("a"))
	equal(t, versions(got), []int64{1})
	equal(t, got[0].Type, "mended")
	guardRefusesAgain(t, s)
}

func guardMaintainRollsBack(t *testing.T, s store.Store) {
	insert(t, s, batchOf(event(account("a"), 1)))

	err := s.(maintainer).Maintain(t.Context(), func(tx *gorm.DB) error {
		if err := tx.Exec("DELETE FROM event_entries").Error; err != nil {
			return err
		}

		return errUndo
	})
	if !errors.Is(err, errUndo) {
		t.Fatalf("got %v", err)
	}
	wantVersions(t, s, account("a"), 1)
	guardRefusesAgain(t, s)
}

// guardRefusesAgain makes sure, on every connection there may be, that the guard
// was lifted for the one transaction only.
func guardRefusesAgain(t *testing.T, s store.Store) {
	t.Helper()
	for range 20 {
		if err := s.DB().Exec("DELETE FROM event_entries").Error; err == nil {
			t.Fatal("the guard is still lifted")
		}
	}
}
