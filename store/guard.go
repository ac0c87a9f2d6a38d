package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

// Guard is what a batch was decided on besides the streams it appends to. Two batches of
// which each was decided on what the other writes are never both committed. A batch
// with a guard has a version in every record.
type Guard struct {
	// Streams were read and are not appended to. Where one has moved on, the batch fails
	// with a MovedError.
	Streams []At

	// Unless, if it is not nil, looks at the log in the transaction of the batch, when all
	// that will ever lie before the batch is there to be seen; some of what lies behind it
	// may be, too. Its error fails the batch, as it is. It must not write.
	Unless func(ctx context.Context, tx *gorm.DB) error

	// Sought are the types of records that Unless looks for; nil is all of them. Who seeks a
	// type waits for whoever seeks it, too, and for all batches with a guard that have
	// records of it.
	Sought []string
}

// At is a stream and the version it was read at, zero where it was empty.
type At struct {
	Stream  Stream
	Version int64
}

// MovedError says that a stream that a batch was decided on is not at the version it was
// read at. Nothing was written.
type MovedError struct {
	Stream           Stream
	Expected, Actual int64
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("%s/%s has moved on: expected version %d, it is at %d", e.Stream.Type, e.Stream.ID, e.Expected, e.Actual)
}
