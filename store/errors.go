package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
)

// What a store's drivers report is turned into these by code and constraint name,
// never by message text, in the errors.go of each store. All wrap the driver's
// error, which stays reachable with errors.As.
var (
	// ErrVersionTaken says that the stream already has a record of that version.
	ErrVersionTaken = errors.New("stream version is taken")
	// ErrEventTaken says that the log already has a record with that event id.
	ErrEventTaken = errors.New("event id is taken")
	// ErrKeyTaken says that the stream already has a record with that idempotency key.
	ErrKeyTaken = errors.New("idempotency key is taken")
	// ErrExecuted says that an execution of that command id is on record already.
	ErrExecuted = errors.New("command id is taken")
	// ErrImmutable says that something tried to change or delete a stored event.
	ErrImmutable = errors.New("the event log is append-only")
	// ErrNotMigrated says that tables are missing or older than the program.
	ErrNotMigrated = errors.New("database is not migrated (the application has a command for it: db migrate)")
	// ErrIrreversible says that a migration has nothing that would undo it.
	ErrIrreversible = errors.New("migration cannot be undone (it has no section -- +goose Down)")
	// ErrNoDatabase says that the database does not exist.
	ErrNoDatabase = errors.New("database does not exist")
	// ErrUnavailable says that the database cannot be reached or refuses us.
	ErrUnavailable = errors.New("database is unavailable")
	// ErrReadOnly says that the database does not accept writes.
	ErrReadOnly = errors.New("database is read-only")
	// ErrFull says that the database's disk is full.
	ErrFull = errors.New("database disk is full")
	// ErrBusy says that another writer held the database for too long.
	ErrBusy = errors.New("database is busy")
	// ErrNotSwappable says that a table cannot change places with another: the text says
	// why, and what would help.
	ErrNotSwappable = errors.New("table cannot be swapped")
	// ErrInUse says that a database is not dropped, because somebody has it open.
	ErrInUse = errors.New("database is in use")
	// ErrNotInTransaction says that a handle given as a transaction is none.
	ErrNotInTransaction = errors.New("handle is not a transaction: call it inside db.Transaction")
	// ErrGoesAlone refuses a batch among others that needs a transaction of its own.
	ErrGoesAlone = errors.New("a batch with a guard or a row with Write shares its commit with no other")
	// ErrOutcomeUnknown says that the connection was lost before the answer came:
	// the batch may or may not have been committed. Inserting the same event ids
	// again is the only safe way to find out.
	ErrOutcomeUnknown = errors.New("outcome of the commit is unknown")
)

// RowError says which read-model row of a batch was refused.
type RowError struct {
	Index int    // place in Batch.Rows
	Table string // the row's table
	Err   error  // the driver's error, translated where it has a name here
}

func (e *RowError) Error() string { return fmt.Sprintf("write row of %s: %v", e.Table, e.Err) }

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }

// wrapRead says what was read, and names a connection that was lost meanwhile: nothing is in
// doubt then, and it may be read again.
func wrapRead(what string, err error) error {
	if lost(err) {
		err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}

	return wrap(what, err)
}

// lost reports whether err is the connection's, by whichever driver.
func lost(err error) bool {
	for _, end := range []error{driver.ErrBadConn, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, end) {
			return true
		}
	}
	unsent, ok := errors.AsType[interface {
		error
		SafeToRetry() bool
	}](err) // a connection of pgx that was closed already
	_, network := errors.AsType[net.Error](err)

	return (network || ok && unsent.SafeToRetry()) && !errors.Is(err, context.DeadlineExceeded)
}
