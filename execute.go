package ireneo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/telemetry"
	"github.com/ireneo-dev/ireneo/store"
)

// Result is what a command has done.
type Result struct {
	ID       string     // of the execution, under which it is on record
	Events   []AnyEvent // as they were stored, in order; none where it had nothing to write
	Position int64      // of their append in the whole log; zero where it had nothing to write
	Attempts int        // so often it was decided
	Repeated bool       // it was executed before under this CommandID; this is what came of it then
}

// ExecuteOption varies one execution: CommandID, Retry, OnRetry, At, CausedBy.
type ExecuteOption interface{ direct(*executeOptions) }

type executeOptions struct {
	commandID string
	retry     RetryPolicy
	onRetry   func(Retrying)
	appends   []AppendOption // of what it appends
}

type executeOption func(*executeOptions)

func (o executeOption) direct(e *executeOptions) { o(e) }

// CommandID makes the command be executed once: the same id again returns the first result,
// also where its answer was lost, for as long as that is on record (Log.ForgetExecutions). A
// command that was refused, or failed, has not been executed, and may be sent again under its
// id. Ids are UTF-8 without control characters, at most MaxIDBytes long, else it is
// ErrInvalidID; an empty one is none. It costs a read.
func CommandID(id string) ExecuteOption {
	return executeOption(func(e *executeOptions) { e.commandID = id })
}

// Retry says how often the command is decided again where it met a conflict or a database
// that had no time; after Config.CommitTimeout it is no more. Defaults to Backoff(4, 10*time.Millisecond).
func Retry(policy RetryPolicy) ExecuteOption {
	return executeOption(func(e *executeOptions) { e.retry = policy })
}

// OnRetry calls hook before the command is decided again. It must not block.
func OnRetry(hook func(Retrying)) ExecuteOption {
	return executeOption(func(e *executeOptions) { e.onRetry = hook })
}

// Execute validates the command by its tags, calls its Handle, and commits what that has
// appended, to however many streams, if nothing that it loaded has changed: all of it or
// nothing. Where somebody was faster, or the database had no time, everything is read and
// decided again. On any error but ErrOutcomeUnknown nothing was written.
//
// Two commands of which each reads what the other writes are never both committed, and no
// append to a single stream pays for that. What the streams themselves demand, their
// consistency projections and lifecycles, is checked as by Append; the rows of their
// transactional projections are written in the same commit.
//
// The log is the context's. Errors: a *RejectedError (ErrInvalid) where the tags, Handle or
// a stream refuse, the messages are in cmd.Errors(); an *ExhaustedError where the retries
// were not enough, which wraps the last error, such as a *ConflictError; a *CommandIDError
// where the CommandID was used for another command; what Handle returned; and those of
// Append. Categorize says which may be tried again.
func Execute(ctx context.Context, cmd AnyCommand, opts ...ExecuteOption) (*Result, error) {
	log, err := logFor(ctx, nil)
	if err != nil {
		return nil, err
	}
	x, err := log.execution(ctx, cmd, opts)
	if err != nil {
		return nil, err
	}
	return x.run(ctx)
}

// execution is one call of Execute.
type execution struct {
	log   *Log
	cmd   AnyCommand
	typ   *commandType
	opts  executeOptions
	id    string
	began time.Time

	actor, correlation string // of the context's meta

	entered  time.Time // by this process's own clock
	attempts int
	free     int       // so many of them do not count as retries
	last     *Boundary // of the attempt before
	measured *telemetry.Run
}

// execution checks all that needs no database.
func (l *Log) execution(ctx context.Context, cmd AnyCommand, opts []ExecuteOption) (*execution, error) {
	typ, err := l.commandType(cmd)
	if err != nil {
		return nil, err
	}
	if err := deciding(ctx); err != nil {
		return nil, fmt.Errorf("execute %s: %w", typ.name, err)
	}
	x := &execution{log: l, cmd: cmd, typ: typ, opts: executeOptions{retry: Backoff(4, 10*time.Millisecond)}, began: l.now(), entered: time.Now()}
	for _, o := range opts {
		o.direct(&x.opts)
	}
	if err := checkCommandID(x.opts.commandID); err != nil {
		return nil, fmt.Errorf("execute %s: %w", typ.name, err)
	}
	id, err := uuid.NewV7()
	x.id = id.String()
	x.actor, x.correlation = metaText(ctx, ActorKey), metaText(ctx, CorrelationKey)
	x.correlation = cmp.Or(appendOptionsOf(x.opts.appends).caused()[CorrelationKey], x.correlation)

	*cmd.command() = Command{self: cmd, typ: typ, errors: Errors{labels: typ.labels}}
	cmd.Errors().own = fieldErrors(l.validator.Struct(cmd))
	return x, cmp.Or(err, x.rejected())
}

// rejected is the error of a command that has messages.
func (x *execution) rejected() error {
	if x.cmd.Errors().Empty() {
		return nil
	}
	return &RejectedError{Command: x.cmd}
}

// run executes the command and measures it, also where it panics.
func (x *execution) run(ctx context.Context) (result *Result, err error) {
	ctx, x.measured = x.log.telemetry.Command(ctx, x.typ.name)
	outcome := store.Failed
	defer func() { x.measured.End(outcome, x.attempts, err) }()
	result, outcome, err = x.conclude(ctx)
	return result, err
}

// conclude decides until something is committed, or there is no use in it any more.
func (x *execution) conclude(ctx context.Context) (*Result, string, error) {
	ctx = WithMeta(ctx, map[string]string{CommandKey: x.typ.name, ExecutionKey: x.id})
	for {
		x.attempts++
		result, err := x.attempt(ctx)
		switch {
		case err == nil:
			return result, x.succeed(ctx, result), nil
		case Categorize(err) != Retriable:
			return nil, x.fail(ctx, err), err
		case x.attempts == 1 && x.last.remembered: // perhaps it was only memory that was old
			x.free = 1
		default:
			if err := x.pause(ctx, err); err != nil {
				return nil, x.fail(ctx, err), err
			}
		}
	}
}

// pause waits before the next attempt. It returns why there is none.
func (x *execution) pause(ctx context.Context, cause error) error {
	delay, more := x.opts.retry.delay(x.attempts - x.free)
	if !more || time.Since(x.entered) > x.log.config.CommitTimeout {
		return &ExhaustedError{Command: x.typ.name, Attempts: x.attempts, Err: cause}
	}
	if x.opts.onRetry != nil {
		x.opts.onRetry(Retrying{Command: x.typ.name, Attempt: x.attempts, Delay: delay, Streams: x.last.versions(), Err: cause})
	}
	x.measured.Retry(reasonOf(cause))
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.Join(context.Cause(ctx), cause)
	}
}

// reasonOf says in a word why a command is decided again.
func reasonOf(err error) string {
	switch {
	case errors.Is(err, ErrConflict):
		return "conflict"
	case errors.Is(err, ErrBusy):
		return "busy"
	default:
		return "unavailable"
	}
}

// attempt decides once. The first time it trusts what is in memory, which the commit
// proves; from the second on it lines up with others of this process that want the same
// streams, and reads.
func (x *execution) attempt(ctx context.Context) (*Result, error) {
	unlock, err := x.lineUp(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()

	b := &Boundary{
		log: x.log, cmd: x.cmd, id: x.id, measured: x.measured, attempt: x.attempts, fresh: x.attempts > 1,
		parts: map[store.Stream]*participant{},
	}
	x.last = b
	x.cmd.Errors().clear()
	if first, err := x.earlier(ctx); first != nil || err != nil {
		return first, err
	}
	p, err := x.handle(ctx, b)
	switch {
	case err != nil && Categorize(err) == NonRetriable && ctx.Err() == nil:
		return nil, cmp.Or(b.unchanged(ctx), err)
	case err != nil:
		return nil, err
	case p == nil:
		return x.nothing(ctx, b)
	default:
		return x.commit(ctx, p)
	}
}

// handle reads what is declared, calls the command, and asks the streams that it appends to.
// What it wants written is nil where that is nothing.
func (x *execution) handle(ctx context.Context, b *Boundary) (*proposal, error) {
	defer func() { b.finished = true }()

	within := context.WithValue(WithLog(ctx, x.log), decidingKey{}, true)
	err := b.declare(within)
	if err == nil {
		err = x.call(within, b)
	}
	if err == nil {
		err = x.rejected()
	}
	if err != nil || len(b.writes) == 0 {
		return nil, err
	}
	return x.propose(ctx, b)
}

// call calls the command. Where that panics it has failed.
func (x *execution) call(ctx context.Context, b *Boundary) (err error) {
	ctx, end := x.measured.Step(ctx, "handle")
	err = errPanicked
	defer func() {
		end(unlessRefused(err))
		if errors.Is(err, errPanicked) {
			x.fail(ctx, err)
		}
	}()
	err = x.cmd.Handle(ctx, b)
	return err
}

// errPanicked is on record of a command whose panic goes on to the caller.
var errPanicked = errors.New("its Handle has panicked")

// lineUp waits for those of this process that append to what the attempt before had
// loaded. Everybody locks in the same order.
func (x *execution) lineUp(ctx context.Context) (unlock func(), err error) {
	var unlocks []func()
	unlock = func() {
		for _, u := range unlocks {
			u()
		}
	}
	for _, key := range x.last.keys() {
		u, err := x.log.locks.Lock(ctx, key)
		if err != nil {
			unlock()
			return nil, err
		}
		unlocks = append(unlocks, u)
		if err := x.log.committer.Drain(ctx, key); err != nil {
			unlock()
			return nil, err
		}
	}
	return unlock, nil
}

// decidingKey marks the context of Handle.
type decidingKey struct{}

// deciding is an error within a command, where only what Load returned appends.
func deciding(ctx context.Context) error {
	if ctx.Value(decidingKey{}) != nil {
		return ErrDeciding
	}
	return nil
}
