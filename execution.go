package ireneo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/internal/telemetry"
	"github.com/ireneo-dev/ireneo/store"
)

// The outcomes of an execution.
const (
	Committed  = store.Committed  // events were appended
	Nothing    = store.Nothing    // there was nothing to append
	Rejected   = store.Rejected   // Handle, or a stream, refused the command
	Conflicted = store.Conflicted // others were faster each time
	Failed     = store.Failed     // something else went wrong
)

// Execution is what is on record of one Execute. Those that the tags of the command have
// refused are not on record.
type Execution struct {
	ID          string        `json:"id"`
	CommandID   string        `json:"command_id,omitempty"` // that it was given; empty: none
	Command     string        `json:"command"`              // its stored name
	Actor       string        `json:"actor,omitempty"`      // ActorKey of its meta
	Correlation string        `json:"correlation_id,omitempty"`
	Outcome     string        `json:"outcome"`
	Reason      string        `json:"reason,omitempty"` // why nothing was appended, in one line
	Attempts    int           `json:"attempts"`
	Position    int64         `json:"position,omitempty"` // of its events in the log; zero: none
	Events      int           `json:"events"`
	StartedAt   time.Time     `json:"started_at"`
	Took        time.Duration `json:"took"` // until it was recorded
}

// ExecutionQuery selects executions. The zero value of each field means no bound.
type ExecutionQuery struct {
	Command string
	Outcome string
	Actor   string
	Before  string // only those begun before the execution with this id
	Limit   int    // defaults to 50, at most 1000
}

// Executions lists what is on record of commands, the last one begun first.
func (l *Log) Executions(ctx context.Context, q ExecutionQuery) ([]Execution, error) {
	limit := min(max(q.Limit, 0), maxFound)
	if limit == 0 {
		limit = usualFound
	}
	part := store.Executions{Command: q.Command, Outcome: q.Outcome, Actor: q.Actor, Limit: limit}
	if q.Before != "" {
		before, err := l.Execution(ctx, q.Before)
		if err != nil {
			return nil, err
		}
		part.Before = before.ID
	}
	found, err := store.ListExecutions(ctx, l.DB(), part)
	if err != nil {
		return nil, err
	}
	all := make([]Execution, len(found))
	for i, e := range found {
		all[i] = executionOf(e)
	}
	return all, nil
}

// Execution finds what is on record under the id of an execution, a *NotFoundError where
// there is nothing.
func (l *Log) Execution(ctx context.Context, id string) (Execution, error) {
	found, err := store.FindExecution(ctx, l.DB(), id)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Execution{}, &NotFoundError{ID: id, Projection: "execution"}
	}
	return executionOf(found), err
}

// ForgetExecutions deletes what is on record of commands begun before a time, and returns
// how many there were. Their events stay; what is forgotten can be executed again under
// its CommandID.
func (l *Log) ForgetExecutions(ctx context.Context, before time.Time) (int64, error) {
	return store.ForgetExecutions(ctx, l.DB(), moment(before))
}

func executionOf(e store.Execution) Execution {
	return Execution{
		ID: e.ID, CommandID: e.CommandID, Command: e.Command, Actor: e.Actor, Correlation: e.Correlation,
		Outcome: e.Outcome, Reason: e.Reason, Attempts: e.Attempts, Position: e.Position, Events: e.Events,
		StartedAt: e.StartedAt.UTC(), Took: e.Took,
	}
}

// record is what is to be on record of the execution.
func (x *execution) record(outcome string, reason error) *store.Execution {
	e := &store.Execution{
		ID: x.id, CommandID: x.opts.commandID, Command: x.typ.name, Actor: oneLine(x.actor), Correlation: oneLine(x.correlation),
		Outcome: outcome, Attempts: x.attempts, StartedAt: x.began, Took: max(x.log.now().Sub(x.began), 0),
	}
	if reason != nil {
		e.Reason = oneLine(reason.Error())
	}
	return e
}

// oneLine is a text of bounded length without control characters.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= maxReason {
		return text
	}
	cut := maxReason
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// maxReason is how many bytes of an error, or of an actor, are on record.
const maxReason = 1000

// nothing ends an execution that has nothing to append, if what it was decided on is
// still so.
func (x *execution) nothing(ctx context.Context, b *Boundary) (*Result, error) {
	if err := b.unchanged(ctx); err != nil {
		return nil, err
	}
	err := x.record(store.Nothing, nil).Record(ctx, x.log.DB())
	if errors.Is(err, store.ErrExecuted) { // by somebody under this command id, or by an attempt whose answer was lost
		if first, err := x.earlier(ctx); err != nil || first != nil && first.ID != x.id {
			return first, err
		}
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("execute %s: %w", x.typ.name, err)
	}
	return x.result(nil, 0), nil
}

func (x *execution) result(events []AnyEvent, position int64) *Result {
	return &Result{ID: x.id, Events: events, Position: position, Attempts: x.attempts}
}

// repeated is what executions are counted as that had been made before.
const repeated = "repeated"

// succeed says in one line what the command has done, and what became of it in a word.
func (x *execution) succeed(ctx context.Context, result *Result) string {
	outcome := store.Committed
	if len(result.Events) == 0 {
		outcome = store.Nothing
	}
	if result.Repeated {
		return repeated
	}
	record := x.record(outcome, nil)
	record.Events, record.Position = len(result.Events), result.Position
	telemetry.Line(ctx, x.log.config.Logger, *record)
	return outcome
}

// fail puts on record why nothing was appended, and says it in one line.
func (x *execution) fail(ctx context.Context, err error) string {
	outcome := store.Failed
	switch {
	case unlessRefused(err) == nil:
		outcome = store.Rejected
	case errors.Is(err, ErrConflict):
		outcome = store.Conflicted
	}
	record := x.record(outcome, err)
	telemetry.Line(ctx, x.log.config.Logger, *record)

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTimeout)
	defer cancel()
	if failed := record.Record(ctx, x.log.DB()); failed != nil {
		x.log.config.Logger.WarnContext(ctx, "an execution that appended nothing is not on record", slog.String("id", x.id), slog.Any("error", failed))
	}
	return outcome
}

// unlessRefused is err, or nil where an event or a command was refused, which is no fault.
func unlessRefused(err error) error {
	if is(err, ErrInvalid, ErrInvalidID) || errors.As(err, new(*LifecycleError)) {
		return nil
	}
	return err
}

// recordTimeout bounds how long somebody who was refused waits for the record of it.
const recordTimeout = 2 * time.Second

// earlier is the first result under the command id; nil where there is none.
func (x *execution) earlier(ctx context.Context) (*Result, error) {
	if x.opts.commandID == "" {
		return nil, nil
	}
	first, err := store.FindExecuted(ctx, x.log.DB(), x.opts.commandID)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("execute %s: %w", x.typ.name, err)
	}
	if first.Command != x.typ.name {
		return nil, &CommandIDError{ID: x.opts.commandID, Command: first.Command}
	}
	result := &Result{ID: first.ID, Position: first.Position, Attempts: first.Attempts, Repeated: true}
	if first.Position == 0 {
		return result, nil
	}
	records, err := x.log.batchAt(ctx, first.Position)
	for _, r := range records {
		ev, decodeErr := x.log.decode(r)
		if decodeErr != nil {
			return nil, decodeErr
		}
		result.Events = append(result.Events, ev)
	}
	return result, err
}

// checkCommandID bounds what is stored and looked up.
func checkCommandID(id string) error {
	if len(id) > MaxIDBytes || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return fmt.Errorf("%w: CommandID is UTF-8 without control characters, of at most %d bytes", ErrInvalidID, MaxIDBytes)
	}
	return nil
}
