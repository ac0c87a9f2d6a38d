package sqlite

import (
	"context"
	"errors"
	"fmt"
	"strings"

	driver "modernc.org/sqlite"

	"github.com/ireneo-dev/ireneo/store"
)

// Result codes that have a name here. The low byte is the primary code, extended
// codes add to it. https://www.sqlite.org/rescode.html
const (
	codeError       = 1
	codeBusy        = 5
	codeLocked      = 6
	codeReadOnly    = 8
	codeIO          = 10
	codeCorrupt     = 11
	codeFull        = 13
	codeCannotOpen  = 14
	codeNotDatabase = 26

	codeIOWrite = codeIO | 3<<8  // a file limit is met like a full disk
	codeIONoMem = codeIO | 12<<8 // not enough memory for it

	codeCheck      = 19 | 1<<8
	codeForeignKey = 19 | 3<<8
	codePrimary    = 19 | 6<<8
	codeTrigger    = 19 | 7<<8 // RAISE in a trigger
	codeUnique     = 19 | 8<<8
)

// The texts SQLite and our trigger have no code of their own for. Of a violated
// index SQLite names the columns, of anything missing only a sentence.
const (
	textStreamVersion = "event_entries.stream_type, event_entries.stream_id, event_entries.version"
	textEventID       = "event_entries.event_id"
	textKey           = "event_entries.stream_type, event_entries.stream_id, event_entries.idempotency_key"
	textExecution     = "command_executions.id"
	textCommand       = "command_executions.command_id"
	textAppendOnly    = "the event log is append-only"
	textNoTable       = "no such table"
	textNoColumn      = "no such column"
	textNoColumnNamed = "has no column named"
)

// eventError names an error of the statements that insert events and executions.
func eventError(err error) error {
	if code := codeOf(err); code != codeUnique && code != codePrimary {
		return translate(err)
	}

	for _, taken := range []struct {
		columns string
		name    error
	}{
		{textStreamVersion, store.ErrVersionTaken},
		{textKey, store.ErrKeyTaken},
		{textEventID, store.ErrEventTaken},
		{textCommand, store.ErrExecuted},
		{textExecution, store.ErrExecuted},
	} {
		if strings.Contains(err.Error(), taken.columns) {
			return named(taken.name, err)
		}
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
	code := codeOf(err)
	switch {
	case code == codeTrigger && strings.Contains(err.Error(), textAppendOnly):
		return named(store.ErrImmutable, err)
	case code == codeError && says(err, textNoTable, textNoColumn, textNoColumnNamed):
		return named(store.ErrNotMigrated, err)
	case code == codeIOWrite:
		return named(store.ErrFull, err)
	}
	if name := codeName(code & 0xff); name != nil {
		return named(name, err)
	}

	return err
}

func codeName(primary int) error {
	switch primary {
	case codeReadOnly:
		return store.ErrReadOnly
	case codeFull:
		return store.ErrFull
	case codeBusy, codeLocked:
		return store.ErrBusy
	case codeIO, codeCorrupt, codeCannotOpen, codeNotDatabase:
		return store.ErrUnavailable
	}

	return nil
}

// commitError names an error of COMMIT, or of a statement that commits by itself.
func commitError(err error) error {
	if lost(err) {
		return named(store.ErrOutcomeUnknown, err)
	}

	return eventError(err)
}

// lost says whether err leaves open what became of a commit that was asked for: the
// disk failed while it was written, and may or may not have it after a crash.
func lost(err error) bool {
	code := codeOf(err)

	return code&0xff == codeIO && code != codeIOWrite && code != codeIONoMem
}

// shared says whether err ends the transaction of all batches, not only the
// savepoint of the one that met it.
func shared(err error) bool {
	for _, name := range []error{
		store.ErrOutcomeUnknown, store.ErrUnavailable, store.ErrReadOnly, store.ErrFull, store.ErrBusy,
		context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, name) {
			return true
		}
	}

	return false
}

// codeOf is SQLite's extended result code, 0 where err is not SQLite's.
func codeOf(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}

	return 0
}

func says(err error, texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}

	return false
}

func named(name, err error) error { return fmt.Errorf("%w: %w", name, err) }
