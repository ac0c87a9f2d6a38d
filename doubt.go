package ireneo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/groupcommit"
	"github.com/ireneo-dev/ireneo/store"
)

// commit waits until the batch is committed with others, or inserts it alone. Until that has
// begun, waiting may end. doubtful says that an answer was lost, and what the batch has met
// may be itself.
func (l *Log) commit(waiting, committing context.Context, ticket *groupcommit.Ticket, batch *store.Batch) (doubtful bool, err error) {
	verdict, err := ticket.Wait(waiting, committing)
	if err != nil || verdict == groupcommit.Committed {
		return false, err
	}
	return l.insert(committing, batch, verdict == groupcommit.Doubtful)
}

// insert inserts a batch. Where the answer is lost the same batch, with the same event ids, is
// inserted again for as long as ctx allows: only that tells what became of the first. doubted
// says that one was lost before.
func (l *Log) insert(ctx context.Context, batch *store.Batch, doubted bool) (doubtful bool, err error) {
	err = l.store.Insert(ctx, batch)
	if errors.Is(err, store.ErrUnavailable) { // a pooled connection may have been dead: nothing was sent
		err = l.store.Insert(ctx, batch)
	}
	told := err == nil || tells(err) && ctx.Err() == nil
	if !doubted && !errors.Is(err, store.ErrOutcomeUnknown) || doubted && told {
		return doubted, err
	}
	for p := (pauses{}); p.wait(ctx); {
		if again := l.store.Insert(ctx, batch); tells(again) && ctx.Err() == nil {
			return true, again
		}
	}
	if !errors.Is(err, store.ErrOutcomeUnknown) {
		err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return true, err
}

// tells reports whether the outcome of an insert says what became of an earlier one of the
// same batch, too: it is there now, or it has met something in the log, or a row of it is
// refused, which is looked at last. That the database has no time or no space says nothing.
func tells(err error) bool {
	return err == nil || met(err) || errors.As(err, new(*store.RowError))
}

// met reports whether an insert met something in the log, of somebody else or of its
// own.
func met(err error) bool {
	return errors.As(err, new(*store.MovedError)) || errors.As(err, new(*MatchedError)) ||
		is(err, store.ErrVersionTaken, store.ErrEventTaken, store.ErrKeyTaken, store.ErrExecuted)
}

// insisting asks the log until it answers, for as long as ctx allows. Where it does not, what
// is doubtful stays so.
func insisting[T any](ctx context.Context, doubtful bool, ask func() (T, error)) (answer T, err error) {
	for p := (pauses{}); ; {
		if answer, err = ask(); !is(err, store.ErrUnavailable, store.ErrBusy) || !p.wait(ctx) {
			break
		}
	}
	if doubtful && err != nil {
		err = fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
	}
	return answer, err
}

// pauses grow from a hundredth of a second to a whole one.
type pauses struct{ last time.Duration }

// wait reports whether ctx goes on after the next pause.
func (p *pauses) wait(ctx context.Context) bool {
	p.last = min(max(2*p.last, 10*time.Millisecond), time.Second)
	select {
	case <-time.After(p.last):
		return true
	case <-ctx.Done():
		return false
	}
}

// resolve finds out what an insert met in the log: itself, where an answer was lost;
// its idempotency key; or a conflict. committed says that it was itself.
func (a *appending) resolve(ctx context.Context, d *decision, doubtful bool, cause error) (committed bool, err error) {
	stored, err := insisting(ctx, doubtful, func() ([]store.Record, error) { return a.storedAs(ctx, a.records[0].EventID) })
	if err != nil {
		return false, err
	}
	if stored != nil {
		a.inserted(ctx, stored)
		return true, nil
	}
	if found, err := a.earlier(ctx); found || err != nil {
		return false, err
	}
	if errors.As(cause, new(*MatchedError)) {
		return false, cause
	}
	if d.base == nil || errors.Is(cause, store.ErrKeyTaken) { // there, but not for this transaction to see
		return false, a.explain(d, cause)
	}
	return false, a.conflict(ctx, d.base.version, d.base.version)
}

// storedAs reads the records of this append by the id of its first event; nil where
// it is not in the log.
func (a *appending) storedAs(ctx context.Context, id uuid.UUID) ([]store.Record, error) {
	first, err := a.log.first(ctx, store.Query{EventID: id, Tx: a.tx})
	if first.Version == 0 || err != nil {
		return nil, err
	}
	return a.block(ctx, first)
}

// block reads as many records as this append has, from first on.
func (a *appending) block(ctx context.Context, first store.Record) ([]store.Record, error) {
	q := store.Query{
		Stream: first.Stream, AfterVersion: first.Version - 1, Order: store.ByVersion,
		Limit: len(a.events), Tx: a.tx,
	}
	var records []store.Record
	for r, err := range a.log.store.Read(ctx, q) {
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	if len(records) != len(a.events) {
		return nil, fmt.Errorf("append to %s/%s: %d events were stored at version %d, not %d", a.key.Type, a.key.ID, len(records), first.Version, len(a.events))
	}
	return records, nil
}

// earlier finds what was appended under the idempotency key, and makes the events
// given into it.
func (a *appending) earlier(ctx context.Context) (found bool, err error) {
	if a.opts.idempotencyKey == "" {
		return false, nil
	}
	q := store.Query{Stream: a.key, IdempotencyKey: a.opts.idempotencyKey, Tx: a.tx}
	first, err := a.log.first(ctx, q)
	if first.Version == 0 || err != nil {
		return false, err
	}
	records, err := a.block(ctx, first)
	if err != nil {
		return false, err
	}
	return true, a.become(records)
}

// become fills the given events with the stored ones.
func (a *appending) become(records []store.Record) error {
	for i, r := range records {
		typ := a.events[i].event().known.typ
		if a.log.types[r.Type] != typ {
			return fmt.Errorf("idempotency key %q was used for %s, not for %s", a.opts.idempotencyKey, r.Type, typ.name)
		}
		data, err := typ.upcast(r)
		if err != nil {
			return err
		}
		reflect.ValueOf(a.events[i]).Elem().SetZero()
		if err := typ.payload.Decode(data, a.events[i]); err != nil {
			return decodeError(r, err)
		}
		bind(a.events[i], typ)
	}
	a.accept(records)
	return nil
}

// conflict reads what was appended since the expected version to a stream that is, or
// was a moment ago, at the actual one.
func (a *appending) conflict(ctx context.Context, expected, actual int64) error {
	e := &ConflictError{Stream: a.key.Type, ID: a.key.ID, Expected: expected, Actual: actual}
	q := store.Query{Stream: a.key, AfterVersion: expected, Order: store.ByVersion, Limit: pageSize, Tx: a.tx}
	for r, err := range a.log.store.Read(ctx, q) {
		if err != nil {
			return err
		}
		ev, err := a.log.decode(r)
		if err != nil {
			return err
		}
		e.Events, e.Actual = append(e.Events, ev), r.Version
	}
	return e
}

// explain says in which projection the store met an error, or in which stream.
func (a *appending) explain(d *decision, err error) error {
	var row *store.RowError
	if errors.As(err, &row) {
		return &ProjectionError{Projection: d.batch.Rows[row.Index].Of, Err: row.Err}
	}
	return fmt.Errorf("append to %s/%s: %w", a.key.Type, a.key.ID, err)
}
