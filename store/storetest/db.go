package storetest

import (
	"errors"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

func dbModel(t *testing.T, s store.Store) {
	type Note struct {
		ID        int64 `gorm:"primaryKey"`
		Text      string
		Done      bool
		CreatedAt time.Time
		DeletedAt gorm.DeletedAt
	}
	exec(t, s, `
		CREATE TABLE notes (
			id `+serial(s)+` PRIMARY KEY,
			text TEXT NOT NULL,
			done BOOLEAN NOT NULL,
			created_at TIMESTAMP NOT NULL,
			deleted_at TIMESTAMP
		)`)
	db := s.DB().WithContext(t.Context())

	notes := []Note{{Text: "one"}, {Text: "two", Done: true}, {Text: "three"}}
	if err := db.Create(&notes).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, []int64{notes[0].ID, notes[1].ID, notes[2].ID}, []int64{1, 2, 3})

	var got Note
	if err := db.Where("done = ?", true).Take(&got).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, got, notes[1])

	if err := db.Model(&got).Update("text", "deux").Error; err != nil {
		t.Fatal(err)
	}
	if err := db.Delete(&notes[2]).Error; err != nil {
		t.Fatal(err)
	}
	var texts []string
	if err := db.Model(&Note{}).Order("id DESC").Offset(0).Limit(5).Pluck("text", &texts).Error; err != nil {
		t.Fatal(err)
	}
	equal(t, texts, []string{"deux", "one"})
	if err := db.Take(&Note{}, 77).Error; !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Fatalf("got %v", err)
	}
}

// serial is the one word of a table that databases do not share.
func serial(s store.Store) string {
	if s.DB().Name() == "postgres" {
		return "BIGSERIAL"
	}

	return "INTEGER"
}

func dbNested(t *testing.T, s store.Store) {
	balances(t, s)
	err := s.DB().Transaction(func(tx *gorm.DB) error {
		if err := tx.Create(&Balance{ID: "outer"}).Error; err != nil {
			return err
		}
		err := tx.Transaction(func(inner *gorm.DB) error {
			if err := inner.Create(&Balance{ID: "inner"}).Error; err != nil {
				return err
			}
			if err := s.InsertTx(t.Context(), inner, batchOf(event(account("inner"), 1))); err != nil {
				return err
			}

			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Errorf("got %v", err)
		}

		return s.InsertTx(t.Context(), tx, batchOf(event(account("outer"), 1)))
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, readBalances(t, s), []Balance{{ID: "outer"}})
	wantVersions(t, s, account("inner"))
	wantVersions(t, s, account("outer"), 1)
}
