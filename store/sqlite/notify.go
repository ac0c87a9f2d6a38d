package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// look is how often Listen looks.
const look = 10 * time.Millisecond

// Listen keeps a connection of its own and looks every few milliseconds whether the file
// was changed, by whomever: this store's own commits wake as well, and so do those that
// write no record. None is missed.
//
// It fails with [store.ErrUnavailable] where the file cannot be read any more or the
// store is closed.
func (s *Store) Listen(ctx context.Context, wake func()) error {
	s.listening.RLock()
	defer s.listening.RUnlock()
	if s.closing.Err() != nil {
		return fmt.Errorf("listen: %w: closed", store.ErrUnavailable)
	}
	open, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()

	err := s.listen(open, wake)
	if ctx.Err() != nil {
		return nil
	}

	return fmt.Errorf("listen: %w", named(store.ErrUnavailable, err))
}

// listen ends with an error, if only that of ctx.
func (s *Store) listen(ctx context.Context, wake func()) (err error) {
	conn := openPool(s.path, 1, readOnly)
	defer func() { err = errors.Join(err, conn.Close()) }()
	again := time.NewTicker(look)
	defer again.Stop()

	for seen := int64(-1); ; {
		var version int64
		if err := conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&version); err != nil {
			return err
		}
		if version != seen {
			seen = version
			wake()
		}

		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-again.C:
		}
	}
}
