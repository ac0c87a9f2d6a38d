package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/ireneo-dev/ireneo/store"
)

// SQLSTATEs that have a name here, beside whole classes in codeError.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	codeImmutable         = "IR001" // raised by our own trigger
	codeMoved             = "IR002" // raised by our own check of a guard
	codeUnique            = "23505"
	codeReadOnly          = "25006"
	codeNoDatabase        = "3D000"
	codeDuplicateDatabase = "42P04"
	codeInUse             = "55006"
	codeNoSchema          = "3F000"
	codeSerialization     = "40001"
	codeDeadlock          = "40P01"
	codeNoColumn          = "42703"
	codeNoTable           = "42P01"
	codeNoFunction        = "42883"
	codeDiskFull          = "53100"
	codeTooManyConns      = "53300"
	codeLockNotAvailable  = "55P03"
	codeProtocol          = "08P01"
	classIntegrity        = "23"
)

// eventError names an error of the statements that insert events and executions, and of
// the check that comes before them.
func eventError(err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return translate(err)
	}

	switch pg.Code {
	case codeUnique:
		return takenError(pg, err)
	case codeMoved:
		return movedError(pg)
	case codeNoFunction:
		return named(store.ErrNotMigrated, err)
	}

	return translate(err)
}

func takenError(pg *pgconn.PgError, err error) error {
	switch pg.TableName + " " + pg.ConstraintName {
	case "event_entries event_entries_stream_version_key":
		return named(store.ErrVersionTaken, err)
	case "event_entries event_entries_event_id_key":
		return named(store.ErrEventTaken, err)
	case "event_entries event_entries_idempotency_key":
		return named(store.ErrKeyTaken, err)
	case "command_executions command_executions_pkey", "command_executions command_executions_command_id_key":
		return named(store.ErrExecuted, err)
	}

	return err
}

// rowError names an error of the statement that writes row i of a batch. Whatever
// the row's own table finds taken is never a conflict of the log.
func rowError(i int, row store.Row, err error) error {
	return &store.RowError{Index: i, Table: row.Table, Err: translate(err)}
}

// translate names an error whose meaning does not depend on the statement; others
// are returned as they are.
func translate(err error) error {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
			return named(store.ErrUnavailable, err)
		}

		return err
	}
	if name := codeError(pg.Code); name != nil {
		return named(name, err)
	}

	return err
}

func codeError(code string) error {
	switch code {
	case codeImmutable:
		return store.ErrImmutable
	case codeNoTable, codeNoSchema, codeNoColumn:
		return store.ErrNotMigrated
	case codeNoDatabase:
		return store.ErrNoDatabase
	case codeReadOnly:
		return store.ErrReadOnly
	case codeDiskFull:
		return store.ErrFull
	case codeLockNotAvailable, codeDeadlock, codeSerialization:
		return store.ErrBusy
	case codeTooManyConns:
		return store.ErrUnavailable
	}

	switch {
	case strings.HasPrefix(code, "08"), // connection exception
		strings.HasPrefix(code, "28"),   // invalid authorization
		strings.HasPrefix(code, "57P0"): // shutdown, start-up, dropped
		return store.ErrUnavailable
	}

	return nil
}

// lost says whether err leaves open what became of a commit that was asked for:
// everything that is not the server's refusal, and its last words before it closed
// the connection, which may come after the commit.
//
// pgconn.SafeToRetry is not asked. It has called a connection lost during COMMIT
// safe, which it is not.
func lost(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)

	return !ok || pg.SeverityUnlocalized == "FATAL" || pg.SeverityUnlocalized == "PANIC" ||
		strings.HasPrefix(pg.Code, "08")
}

// brokenOff says whether err is the connection's, not the server's refusal nor an
// argument that cannot be encoded.
func brokenOff(err error) bool {
	if _, ok := errors.AsType[net.Error](err); ok {
		return true
	}

	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// commitError names an error of COMMIT. In a transaction that was aborted before,
// COMMIT is answered by a rollback: then somebody kept an error to himself.
func commitError(err error) error {
	if lost(err) && !errors.Is(err, pgx.ErrTxCommitRollback) {
		return named(store.ErrOutcomeUnknown, err)
	}

	return eventError(err)
}

// txError names an error of a statement before its transaction's COMMIT.
func txError(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return eventError(err)
	}

	return broken(ctx, err)
}

// unreached names an error met before anything was sent.
func unreached(err error) error {
	if named := translate(err); named != err || errors.Is(err, context.Canceled) { //nolint:errorlint // translate answers with err itself where it has no name
		return named
	}

	return named(store.ErrUnavailable, err)
}

// broken names an error met while no commit was asked for: nothing is in doubt. Where ctx has
// ended that is the reason, whatever the connection says of itself.
func broken(ctx context.Context, err error) error {
	ended := ctx.Err()
	if _, ok := errors.AsType[*pgconn.PgError](err); ok || ended != nil && errors.Is(err, ended) {
		return translate(err)
	}
	if ended != nil {
		return named(ended, err)
	}

	return named(store.ErrUnavailable, err)
}

func named(name, err error) error { return fmt.Errorf("%w: %w", name, err) }
