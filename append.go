package ireneo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// Append validates the event by its tags, folds it onto the stream's consistency
// projection, validates the resulting state, and inserts it as the stream's next
// version together with the rows of the transactional projections. On any error
// nothing was written, and the same event can be appended again.
//
// Errors: an *InvalidError (ErrInvalid) where the event or the state is refused, the
// messages are in ev.Errors(); a *ConflictError (ErrConflict) where somebody else
// appended first or ExpectVersion does not hold; a *LifecycleError (ErrNotCreated,
// ErrAlreadyCreated, ErrClosed); a *ProjectionError where a transactional projection
// fails; ErrOutcomeUnknown where the database was lost in mid-commit and did not come
// back. A canceled context is noticed before the insert begins, not after.
//
// Appends to one stream in one process wait for each other.
func (h *Handle) Append(ctx context.Context, ev AnyEvent, opts ...AppendOption) error {
	return h.AppendAll(ctx, []AnyEvent{ev}, opts...)
}

// AppendAll appends several events as Append does one: they take consecutive
// versions in one commit, or none is written.
func (h *Handle) AppendAll(ctx context.Context, events []AnyEvent, opts ...AppendOption) (err error) {
	a, err := h.prepare(ctx, events, opts)
	if err != nil {
		return err
	}
	ctx, end := a.log.telemetry.Append(ctx, a.key.Type, len(events))
	defer func() { end(unlessRefused(err)) }()
	if !a.decides() {
		return a.insertNext(ctx)
	}
	return a.decideAndInsert(ctx)
}

// AppendTx appends inside the host's transaction: the event and whatever else the
// host does in tx are committed or rolled back together. On any error nothing of the
// event remains and tx is still usable. Until tx ends, appends to the same stream
// from elsewhere wait in the database, so do not Append to it meanwhile.
func (h *Handle) AppendTx(ctx context.Context, tx *gorm.DB, ev AnyEvent, opts ...AppendOption) (err error) {
	a, err := h.prepare(ctx, []AnyEvent{ev}, opts)
	if err != nil {
		return err
	}
	ctx, end := a.log.telemetry.Append(ctx, a.key.Type, 1)
	defer func() { end(unlessRefused(err)) }()
	if _, ok := tx.Statement.ConnPool.(gorm.TxCommitter); !ok {
		return ErrNotInTransaction
	}
	a.tx = tx

	if !a.decides() {
		return a.insertNext(ctx)
	}
	if found, err := a.earlier(ctx); found || err != nil {
		return err
	}

	base, _ := a.log.heads.Peek(a.key)
	base, err = a.log.load(ctx, a.plan, a.key, base, tx)
	if err != nil {
		return err
	}
	return a.attempt(ctx, base)
}

// appending is one call of Append, AppendAll, AppendIf or AppendTx, or what a command appends to
// one stream.
type appending struct {
	log     *Log
	plan    *plan
	key     store.Stream
	opts    appendOptions
	events  []AnyEvent
	records []store.Record // one an event, complete but for version and times
	given   []time.Time    // occurred_at as the caller gave it; zero: as recorded
	ignored []func()       // warnings about errors that reject nothing
	guard   *store.Guard   // what else it is decided on; nil: nothing
	tx      *gorm.DB       // the host's; nil commits on its own
	began   time.Time
}

// decides reports whether the stream has to be known for this append.
func (a *appending) decides() bool {
	return a.plan.reads() || a.opts.expectVersion != nil || a.opts.idempotencyKey != ""
}

// prepare does all that needs no database.
func (h *Handle) prepare(ctx context.Context, events []AnyEvent, opts []AppendOption) (*appending, error) {
	log, plan, err := h.open(ctx)
	if err == nil {
		err = deciding(ctx)
	}
	if err != nil {
		return nil, err
	}
	a := &appending{log: log, plan: plan, key: h.key(), opts: appendOptionsOf(opts), events: events, began: time.Now()}
	if err := a.checkCount(); err != nil {
		return nil, err
	}
	meta, err := encodeMeta(ctx, a.opts.caused())
	if err == nil && !a.opts.hypothetical {
		err = log.checkMeta(meta)
	}
	if err != nil {
		return nil, err
	}

	a.records, a.given = make([]store.Record, len(events)), make([]time.Time, len(events))
	for i, ev := range events {
		if a.records[i], err = a.record(ev, meta); err != nil {
			return nil, err
		}
		a.given[i] = a.records[i].OccurredAt
	}
	a.records[0].IdempotencyKey = a.opts.idempotencyKey
	return a, a.refused()
}

func (a *appending) checkCount() error {
	if len(a.events) == 0 {
		return ErrNothingToAppend
	}
	if limit := a.log.config.MaxEvents; len(a.events) > limit {
		return fmt.Errorf("%w: %d events in one append, at most %d are allowed (Config.MaxEvents)", ErrTooLarge, len(a.events), limit)
	}
	return nil
}

// record validates and encodes one event. What is wrong with it is in its Errors.
func (a *appending) record(ev AnyEvent, meta storedMeta) (store.Record, error) {
	if isNil(ev) {
		return store.Record{}, fmt.Errorf("append to %s/%s: event is nil", a.key.Type, a.key.ID)
	}
	typ := a.log.goTypes[reflect.TypeOf(ev).Elem()]
	if typ == nil {
		return store.Record{}, fmt.Errorf("%w: %T is not registered: add ireneo.TypeOf to Config.Events", ErrUnknownEvent, ev)
	}
	k := bind(ev, typ)

	k.errors.own = fieldErrors(a.log.validator.Struct(ev))
	data, unfit := typ.encode(ev)
	k.errors.own = append(k.errors.own, unfit...)
	if limit := a.log.config.MaxEventBytes; len(data) > limit || len(meta.raw) > limit {
		return store.Record{}, fmt.Errorf("%w: %s has %d bytes and %d of meta, at most %d are allowed (Config.MaxEventBytes)", ErrTooLarge, typ.name, len(data), len(meta.raw), limit)
	}
	if !k.errors.Empty() {
		return store.Record{}, nil
	}
	occurredAt, err := a.occurredAt(ev, typ)
	if err != nil {
		return store.Record{}, err
	}
	id, err := uuid.NewV7()
	return store.Record{
		Stream: a.key, EventID: id, Type: typ.name, SchemaVersion: typ.version,
		Data: data, Meta: meta.raw, Correlation: meta.correlation, Causation: meta.causation, OccurredAt: occurredAt,
	}, err
}

func isNil(ev AnyEvent) bool { return ev == nil || reflect.ValueOf(ev).IsNil() }

// occurredAt is when the event happened, zero where nobody says so.
func (a *appending) occurredAt(ev AnyEvent, typ *eventType) (time.Time, error) {
	key := a.plan.stream.ActualTime
	if key == "" {
		return a.opts.at, nil
	}

	var actual time.Time
	if read := a.plan.actual[typ.goType]; read != nil {
		actual = read(reflect.ValueOf(ev).Elem())
	}
	switch {
	case actual.IsZero():
		return time.Time{}, fmt.Errorf("%w: %s needs %s, the actual time of stream %s", ErrMissingOccurredAt, typ.name, key, a.key.Type)
	case !a.opts.at.IsZero() && !a.opts.at.Equal(actual):
		return time.Time{}, fmt.Errorf("%w: At is %s, %s is %s", ErrConflictingOccurredAt,
			a.opts.at.Format(time.RFC3339Nano), key, actual.Format(time.RFC3339Nano))
	default:
		return actual, nil
	}
}

// refused is the error of the first event with messages.
func (a *appending) refused() error {
	for _, ev := range a.events {
		if !ev.Errors().Empty() {
			return &InvalidError{Event: ev}
		}
	}
	return nil
}

// insertNext appends to a stream nothing has to be known of: the statement itself
// takes the next version.
func (a *appending) insertNext(ctx context.Context) error {
	now := a.log.now()
	for i := range a.records {
		a.records[i].RecordedAt = now
	}
	return a.insert(ctx, &decision{batch: store.Batch{Records: a.records}})
}

// decideAndInsert decides on the cached state where there is one. The insert proves
// it current; whatever goes wrong on a state that may be stale is decided once more
// on what the stream really holds.
func (a *appending) decideAndInsert(ctx context.Context) error {
	unlock, err := a.log.locks.Lock(ctx, a.key)
	if err != nil {
		return err
	}
	defer unlock()

	cached, _ := a.log.heads.Get(a.key)
	if cached != nil {
		if err = a.attempt(ctx, cached); err == nil || !mayBeStale(err) {
			return err
		}
	}
	if found, err := a.earlier(ctx); found || err != nil { // an insert that succeeds proves the key new
		return err
	}
	a.log.heads.Remove(a.key)
	base, err := a.log.load(ctx, a.plan, a.key, cached, nil)
	if err != nil {
		return err
	}
	return a.attempt(ctx, base)
}

// mayBeStale reports whether an error may come from the cached state being old.
func mayBeStale(err error) bool {
	return errors.As(err, new(*ConflictError)) || errors.Is(err, ErrInvalid) ||
		errors.As(err, new(*LifecycleError)) || errors.As(err, new(*InvalidStateError))
}

// attempt decides on base and inserts.
func (a *appending) attempt(ctx context.Context, base *head) error {
	d, err := a.decide(ctx, base)
	if err != nil {
		return err
	}
	return a.insert(ctx, d)
}

// insert writes the decision and tells the events how it went.
func (a *appending) insert(ctx context.Context, d *decision) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.log.config.CommitTimeout)
	defer cancel()

	doubtful, err := a.write(ctx, &d.batch)
	switch {
	case err == nil:
		a.accept(d.batch.Records)
		noteAppended(ctx, d.batch.Records)
		a.log.telemetry.Appended(ctx, a.key.Type, len(a.events), time.Since(a.began))
		if a.tx == nil && d.head != nil {
			a.log.heads.Add(a.key, d.head)
		}
		a.log.tail.Wake()
		return nil
	case met(err):
		return a.resolve(ctx, d, doubtful, err)
	default:
		return a.explain(d, err)
	}
}

// write makes the one store call. doubtful is as commit says.
func (a *appending) write(ctx context.Context, batch *store.Batch) (doubtful bool, err error) {
	if a.tx != nil {
		return false, a.log.store.InsertTx(ctx, a.tx, batch)
	}
	return a.log.commit(ctx, batch)
}

// resolve finds out what an insert met in the log: itself, where an answer was lost;
// its idempotency key; or a conflict.
func (a *appending) resolve(ctx context.Context, d *decision, doubtful bool, cause error) error {
	stored, err := insisting(ctx, doubtful, func() ([]store.Record, error) { return a.storedAs(ctx, a.records[0].EventID) })
	if err != nil {
		return err
	}
	if stored != nil {
		a.log.heads.Remove(a.key)
		a.accept(stored)
		a.log.telemetry.Appended(ctx, a.key.Type, len(a.events), time.Since(a.began))
		return nil
	}
	if found, err := a.earlier(ctx); found || err != nil {
		return err
	}
	if errors.As(cause, new(*MatchedError)) {
		return cause
	}
	if d.base == nil || errors.Is(cause, store.ErrKeyTaken) { // there, but not for this transaction to see
		return a.explain(d, cause)
	}
	return a.conflict(ctx, d.base.version, d.base.version)
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
		if err := json.Unmarshal(data, a.events[i]); err != nil {
			return decodeError(r, err)
		}
		bind(a.events[i], typ)
	}
	a.accept(records)
	return nil
}

// accept tells the events what became of them.
func (a *appending) accept(records []store.Record) {
	for i, ev := range a.events {
		k := ev.event().facts()
		k.record, k.persisted = records[i], true
		k.record.Data = nil
	}
	for _, warn := range a.ignored {
		warn()
	}
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
