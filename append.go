package ireneo

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/groupcommit"
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
// back. A canceled context is noticed until the insert begins, not after.
//
// Appends that wait at the same moment share a commit, those to one stream in the order in
// which they were decided. What one of them meets is its own: the others go on without it.
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
	d, err := a.decide(ctx, base)
	if err != nil {
		return err
	}
	return a.insertTx(ctx, d)
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

	expecting bool // the state it is decided on is not in the log yet
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
	if err := context.Cause(ctx); err != nil {
		return err
	}
	d := &decision{batch: store.Batch{Records: a.records}}
	if a.tx != nil {
		return a.insertTx(ctx, d)
	}
	return a.insert(ctx, d, a.log.committer.Enter(&d.batch, nil))
}

// decideAndInsert decides on what is in memory, which may be on its way into the log yet. The
// insert proves it current; whatever goes wrong on a state that may be stale is decided once
// more on what the stream really holds.
func (a *appending) decideAndInsert(ctx context.Context) error {
	for {
		err := a.try(ctx, a.newest)
		if err != nil && mayBeStale(err) {
			err = a.try(ctx, a.stored)
		}
		if !errors.Is(err, groupcommit.ErrSuperseded) {
			return err
		}
	}
}

// errUnread says that the stream has to be read before anything can be decided.
var errUnread = errors.New("what is in memory does not do")

// mayBeStale reports whether an error may come from the state in memory being old, or not in
// the log yet.
func mayBeStale(err error) bool {
	return errors.Is(err, errUnread) || errors.As(err, new(*ConflictError)) || errors.Is(err, ErrInvalid) ||
		errors.As(err, new(*LifecycleError)) || errors.As(err, new(*InvalidStateError))
}

// reading finds the state to decide on, and what that depends on, if it is not in the log yet.
// It is nil where the events are in the log already.
type reading func(ctx context.Context) (base *head, after *groupcommit.Ticket, err error)

// try decides on a state and sees the decision into the log. Meanwhile others decide on what
// is expected to be there then.
func (a *appending) try(ctx context.Context, read reading) error {
	d, ticket, err := a.enter(ctx, read)
	if d == nil || err != nil {
		return err
	}
	return a.insert(ctx, d, ticket)
}

func (a *appending) enter(ctx context.Context, read reading) (*decision, *groupcommit.Ticket, error) {
	unlock, err := a.log.locks.Lock(ctx, a.key)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()

	base, after, err := read(ctx)
	if base == nil || err != nil {
		return nil, nil, err
	}
	d, err := a.decide(ctx, base)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, nil, err
	}
	ticket := a.log.committer.Enter(&d.batch, after)
	a.log.heads.Expect(a.key, d.head, ticket)
	return d, ticket, nil
}

// newest is what memory has of the stream.
func (a *appending) newest(context.Context) (*head, *groupcommit.Ticket, error) {
	base, after, known := a.log.heads.Newest(a.key)
	a.expecting = after != nil
	if !known {
		return nil, nil, errUnread
	}
	return base, after, nil
}

// stored is what the log has of the stream, when nobody in this process is at it any more.
func (a *appending) stored(ctx context.Context) (*head, *groupcommit.Ticket, error) {
	a.expecting = false
	if err := a.log.committer.Drain(ctx, a.key); err != nil {
		return nil, nil, err
	}
	if found, err := a.earlier(ctx); found || err != nil { // an insert that succeeds proves the key new
		return nil, nil, err
	}
	cached, _ := a.log.heads.Get(a.key)
	a.log.heads.Remove(a.key)
	base, err := a.log.load(ctx, a.plan, a.key, cached, nil)
	if err == nil {
		a.log.heads.Add(a.key, base) // also for those whose events are refused
	}
	return base, nil, err
}

// insert sees a decision into the log, and tells the events how it went.
func (a *appending) insert(ctx context.Context, d *decision, ticket *groupcommit.Ticket) (err error) {
	committed := false
	defer func() {
		if d.head != nil {
			a.log.heads.Settle(a.key, ticket, committed)
		}
		ticket.Settle(committed, err)
	}()
	committing, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.log.config.CommitTimeout)
	defer cancel()

	doubtful, err := a.log.commit(ctx, committing, ticket, &d.batch)
	switch {
	case err == nil:
		committed = true
		a.inserted(ctx, d.batch.Records)
		return nil
	case met(err):
		committed, err = a.resolve(committing, d, doubtful, err)
		return err
	default:
		return a.explain(d, err)
	}
}

// inserted tells the events what became of them.
func (a *appending) inserted(ctx context.Context, records []store.Record) {
	a.accept(records)
	noteAppended(ctx, records)
	a.log.telemetry.Appended(ctx, a.key.Type, len(a.events), time.Since(a.began))
	a.log.tail.Wake()
}

// insertTx makes the one store call inside the host's transaction.
func (a *appending) insertTx(ctx context.Context, d *decision) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.log.config.CommitTimeout)
	defer cancel()
	err := a.log.store.InsertTx(ctx, a.tx, &d.batch)
	switch {
	case met(err):
		_, err = a.resolve(ctx, d, false, err)
		return err
	case err != nil:
		return a.explain(d, err)
	default:
		a.inserted(ctx, d.batch.Records)
		return nil
	}
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
