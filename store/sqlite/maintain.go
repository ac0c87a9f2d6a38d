package sqlite

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// Maintain runs fn in one transaction in which stored events may be changed and
// deleted; in every other transaction the database refuses it, at the same
// moment too. An error of fn rolls everything back. It is meant for retention
// and repair, never for the ordinary run of an application.
func (s *Store) Maintain(ctx context.Context, fn func(tx *gorm.DB) error) error {
	err := s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := setGuard(tx, 1); err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}

		return setGuard(tx, 0)
	})
	if err != nil {
		return fmt.Errorf("maintain the log: %w", translate(err))
	}

	return nil
}

func setGuard(tx *gorm.DB, lifted int) error {
	return tx.Exec(`
		UPDATE event_entries_guard
		SET lifted = ?`, lifted).Error
}
