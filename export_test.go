package ireneo

import (
	"context"

	"github.com/ireneo-dev/ireneo/store"
)

// Sibling opens a second log on the same database, with caches of its own, as another
// process has.
func Sibling(l *Log, config Config) (*Log, error) { return Open(l.store, config) }

// VerifyHolding is Verify that holds so many rows by key at once.
func VerifyHolding(ctx context.Context, l *Log, name string, most int, report func(Difference)) (Verified, error) {
	return l.verify(ctx, name, most, report)
}

// RebuildSteps is Rebuild or UndoRebuild that fills so many rows at once and calls step
// after each of its steps.
func RebuildSteps(ctx context.Context, l *Log, name string, undo bool, rows int, step func(Rebuild)) error {
	return l.rebuild(ctx, name, undo, pace{rows: rows, step: step})
}

// StoreOf is the store that a log was opened on.
func StoreOf(l *Log) store.Store { return l.store }

// Decode makes an event of a record, as all that read the log do.
func Decode(t EventType, r store.Record) (AnyEvent, error) { return t.decode(r) }

// Encode is the payload of an event as it is stored.
func Encode(t EventType, ev AnyEvent) ([]byte, []FieldError) { return t.encode(ev) }

// Empty is an event of the type, and SchemaVersion what its payloads have.
func Empty(t EventType) (ev AnyEvent, schemaVersion int) { return t.empty(), t.version }
