package postgres

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
		lift := tx.Exec(`
			SELECT set_config('ireneo.maintenance', 'on', true)`)
		if lift.Error != nil {
			return lift.Error
		}

		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("maintain the log: %w", translate(err))
	}

	return nil
}
