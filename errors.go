package ireneo

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ireneo-dev/ireneo/store"
)

// What callers branch on with errors.Is. The types below carry the details.
var (
	// ErrInvalid says that an event or a command was refused: by its own tags, because an
	// event would lead to an invalid state, or by the command's Handle. It comes as an
	// *InvalidError or a *RejectedError; the messages are in the Errors of the event or
	// command.
	ErrInvalid = errors.New("event or command is invalid")
	// ErrConflict says that somebody else appended first, or that the stream is
	// not at the expected version. It comes as a *ConflictError or, where a query was
	// decided on, a *MatchedError.
	ErrConflict = errors.New("somebody else appended first")
	// ErrNotFound says that there is nothing to show: an empty replay, a missing row, or an
	// execution that is not on record. It comes as a *NotFoundError.
	ErrNotFound = errors.New("not found")

	// ErrNotCreated says that an empty stream needs its creating event first.
	ErrNotCreated = errors.New("stream does not exist yet")
	// ErrAlreadyCreated says that the creating event came to a stream that has events.
	ErrAlreadyCreated = errors.New("stream exists already")
	// ErrClosed says that the stream's closing event was appended; nothing may follow.
	ErrClosed = errors.New("stream is closed")

	// ErrConflictingOccurredAt says that At and the event's actual time differ.
	ErrConflictingOccurredAt = errors.New("At and the event's actual time differ")
	// ErrMissingOccurredAt says that the event lacks the stream's actual time.
	ErrMissingOccurredAt = errors.New("event has no actual time")
	// ErrInvalidMeta says that the context's meta lacks something the application requires.
	ErrInvalidMeta = errors.New("meta is invalid")
	// ErrInvalidID says that the id of a stream is empty, or that this or a CommandID is too
	// long or has characters that are not allowed.
	ErrInvalidID = errors.New("id is invalid")
	// ErrTooLarge says that an event or an append exceeds the configured bound.
	ErrTooLarge = errors.New("too large")
	// ErrDeciding says that a command's Handle tried to append, or to execute, other than
	// through what Load returned.
	ErrDeciding = errors.New("a command is deciding: append through what ireneo.Load returned")
	// ErrNothingToAppend says that AppendAll was called without events.
	ErrNothingToAppend = errors.New("nothing to append")

	// ErrUnknownEvent says that an event's type is not registered, or that a strict
	// projection does not interpret it.
	ErrUnknownEvent = errors.New("unknown event type")
	// ErrNewerSchema says that an event was stored by a newer program than this one.
	ErrNewerSchema = errors.New("event is of a newer program")
	// ErrUnknownStream says that a stream is not registered with the log.
	ErrUnknownStream = errors.New("unknown stream type")
	// ErrInvalidFilter says that a filter cannot be used: a pattern is not understood, or
	// the log does not know a name.
	ErrInvalidFilter = errors.New("filter is invalid")
	// ErrUnknownSubscription says that no subscription and no projection kept up after the
	// commit has this name, or that it has never run.
	ErrUnknownSubscription = errors.New("no such subscription")
	// ErrNothingFailed says that a subscription has not stopped at any batch.
	ErrNothingFailed = store.ErrNothingFailed
	// ErrNoReason says that something is to be done without saying why.
	ErrNoReason = errors.New("say why")
	// ErrProjection says that something may be done to subscriptions, but not to projections.
	ErrProjection = errors.New("it is a projection")
	// ErrStopped says that a projection does not go on, so that waiting for it is no use.
	ErrStopped = errors.New("it does not run")
	// ErrBehind says that a projection did not come far enough in the time given.
	ErrBehind = errors.New("it has not come that far yet")
	// ErrNoLog says that neither the context nor the stream carries an open log.
	ErrNoLog = errors.New("no log in context: use ireneo.WithLog(ctx, log) or bind one with In(log)")
	// ErrNotMaterialized says that no stream and no Config.Projections of the log keeps
	// this projection's rows.
	ErrNotMaterialized = errors.New("projection keeps no rows in this log")
	// ErrPersistsItself says that a projection's rows cannot be made or compared, because
	// PersistWith writes them as it likes.
	ErrPersistsItself = errors.New("its rows are written by PersistWith, so that nobody else knows what they are")
	// ErrRebuilding says that a process is rebuilding a projection already.
	ErrRebuilding = errors.New("it is being rebuilt")
	// ErrNotRebuilding says that no rebuild is under way.
	ErrNotRebuilding = errors.New("it is not being rebuilt")
	// ErrCanceled says that somebody has canceled a rebuild.
	ErrCanceled = errors.New("the rebuild was canceled")
	// ErrNothingReplaced says that there is no table that a rebuild has replaced.
	ErrNothingReplaced = errors.New("no rebuild has replaced anything")
	// ErrOtherEvents says that rows are of other events than this program selects.
	ErrOtherEvents = errors.New("the rows are of other events")
	// ErrNotSwappable says that a table cannot be rebuilt; the text says why, and what would
	// help.
	ErrNotSwappable = store.ErrNotSwappable
	// ErrNotInTransaction says that the *gorm.DB given to AppendTx is no transaction.
	ErrNotInTransaction = store.ErrNotInTransaction

	// ErrOutcomeUnknown says that the connection was lost and stayed lost while an append or
	// a command was committing: it may or may not be stored.
	ErrOutcomeUnknown = store.ErrOutcomeUnknown
	// ErrNotMigrated says that the database's tables are missing or too old.
	ErrNotMigrated = store.ErrNotMigrated
	// ErrIrreversible says that a migration has nothing that would undo it.
	ErrIrreversible = store.ErrIrreversible
	// ErrNoDatabase says that the database does not exist.
	ErrNoDatabase = store.ErrNoDatabase
	// ErrUnavailable says that the database cannot be reached.
	ErrUnavailable = store.ErrUnavailable
	// ErrBusy says that another writer held the database for too long. Nothing was
	// written; trying again later helps.
	ErrBusy = store.ErrBusy
	// ErrInUse says that a database is not dropped, because somebody has it open.
	ErrInUse = store.ErrInUse
	// ErrReadOnly says that the database does not accept writes.
	ErrReadOnly = store.ErrReadOnly
	// ErrFull says that the database's disk is full. Nothing was written.
	ErrFull = store.ErrFull
	// ErrImmutable says that something tried to change a stored event.
	ErrImmutable = store.ErrImmutable
)

// InvalidError is returned when an event is refused. Nothing was written.
type InvalidError struct {
	Event AnyEvent // the refused event; its Errors say why
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("%s is invalid: %s", e.Event.event().typeName(), sentence(e.Event.Errors().All()))
}

// Is makes errors.Is(err, ErrInvalid) hold.
func (e *InvalidError) Is(target error) bool { return target == ErrInvalid }

// ConflictError is returned when a stream is not where the append expected it.
// Nothing was written.
type ConflictError struct {
	Stream, ID string
	Expected   int64      // the version the append was decided on
	Actual     int64      // the version the stream has
	Events     []AnyEvent // what was appended meanwhile, versions Expected+1 to Actual
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s/%s has moved on: expected version %d, it is at %d", e.Stream, e.ID, e.Expected, e.Actual)
}

// Is makes errors.Is(err, ErrConflict) hold.
func (e *ConflictError) Is(target error) bool { return target == ErrConflict }

// NotFoundError is returned by reads that find nothing.
type NotFoundError struct {
	Stream, ID string // Stream is empty where a stored row was looked for
	Projection string
	AsOf, At   time.Time // the moment asked for; zero where none was
	Version    int64     // the version asked for; zero where none was
}

func (e *NotFoundError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s not found", e.Projection, strings.TrimPrefix(e.Stream+"/"+e.ID, "/"))
	if !e.AsOf.IsZero() {
		fmt.Fprintf(&b, ", as of %s", e.AsOf.Format(time.RFC3339Nano))
	}
	if !e.At.IsZero() {
		fmt.Fprintf(&b, ", at %s", e.At.Format(time.RFC3339Nano))
	}
	if e.Version != 0 {
		fmt.Fprintf(&b, ", at version %d", e.Version)
	}
	return b.String()
}

// Is makes errors.Is(err, ErrNotFound) hold.
func (e *NotFoundError) Is(target error) bool { return target == ErrNotFound }

// LifecycleError is returned when an event does not fit the stream's lifecycle. It
// is one of ErrNotCreated, ErrAlreadyCreated and ErrClosed. Nothing was written.
type LifecycleError struct {
	Stream, ID string
	Event      string // stored name of the refused event
	Needs      string // stored name of the creating or closing event
	Reason     error
}

func (e *LifecycleError) Error() string {
	return fmt.Sprintf("append %s to %s/%s: %v (see %s)", e.Event, e.Stream, e.ID, e.Reason, e.Needs)
}

// Unwrap returns the reason.
func (e *LifecycleError) Unwrap() error { return e.Reason }

// ProjectionError says which projection's row could not be written. From an append: the
// event and every other projection were rolled back with it. After the commit and in a
// rebuild it is the reason on record.
type ProjectionError struct {
	Projection string
	Err        error // the original error, or an InvalidStateError
}

func (e *ProjectionError) Error() string {
	return fmt.Sprintf("projection %s: %v", e.Projection, e.Err)
}

// Unwrap returns the original error.
func (e *ProjectionError) Unwrap() error { return e.Err }

// InvalidStateError says that a projection's state broke its own validation tags.
type InvalidStateError struct {
	Errors []FieldError
}

func (e *InvalidStateError) Error() string {
	return "state is invalid: " + sentence(e.Errors)
}

// RejectedError is returned when a command is refused: by its tags, by its Handle, or by a
// stream that it would have appended to. Nothing was written.
type RejectedError struct {
	Command AnyCommand // the refused command; its Errors say why
	Event   AnyEvent   // the event that its stream refused; nil where it was not that
}

func (e *RejectedError) Error() string {
	return fmt.Sprintf("%s is rejected: %s", e.Command.command().typ.name, sentence(e.Command.Errors().All()))
}

// Is makes errors.Is(err, ErrInvalid) hold.
func (e *RejectedError) Is(target error) bool { return target == ErrInvalid }

// ExhaustedError is returned when a command was decided as often as its retries allow, and
// others were faster, or the database had no time, each time. Nothing was written.
type ExhaustedError struct {
	Command  string
	Attempts int
	Err      error // of the last attempt
}

func (e *ExhaustedError) Error() string {
	return fmt.Sprintf("%s was given up after attempt %d: %v", e.Command, e.Attempts, e.Err)
}

// Unwrap returns the error of the last attempt.
func (e *ExhaustedError) Unwrap() error { return e.Err }

// CommandIDError is returned when a CommandID was used for another command. Nothing was
// written.
type CommandIDError struct {
	ID      string
	Command string // the stored name of the one it was used for
}

func (e *CommandIDError) Error() string {
	return fmt.Sprintf("command id %q was used for %s", e.ID, e.Command)
}

// MatchedError is returned when something matches a query that was decided on, which was
// not there then. Nothing was written.
type MatchedError struct {
	Position int64    // up to which nothing more was known
	Event    AnyEvent // the first that matches
}

func (e *MatchedError) Error() string {
	return fmt.Sprintf("the log has moved on: %s of %s matches at position %d, after %d",
		e.Event.Type(), e.Event.StreamID(), e.Event.Position(), e.Position)
}

// Is makes errors.Is(err, ErrConflict) hold.
func (e *MatchedError) Is(target error) bool { return target == ErrConflict }
