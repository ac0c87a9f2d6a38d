package ireneo

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"

	"github.com/ireneo-dev/ireneo/internal/mask"
	"github.com/ireneo-dev/ireneo/internal/validation"
)

// Command makes the struct that embeds it a command, once it has a Handle: a decision
// over any number of streams, of which Execute writes all or nothing:
//
//	type Transfer struct {
//		ireneo.Command `name:"account.transfer"`
//		From   string `json:"from"   validate:"required"`
//		To     string `json:"to"     validate:"required,nefield=From"`
//		Amount int64  `json:"amount" validate:"gt=0"`
//	}
//
//	func (c *Transfer) Handle(ctx context.Context, b *ireneo.Boundary) error {
//		from, err := ireneo.Load(ctx, b, streams.Account.For(c.From), projections.AccountPosition)
//		…
//		if from.State.Balance < c.Amount {
//			return b.Reject("amount", "exceeds the balance")
//		}
//		from.Append(&account.Withdrawn{Amount: c.Amount})
//		to.Append(&account.Deposited{Amount: c.Amount})
//		return nil
//	}
//
// The name is what executions are recorded under; it must not change. Fields tagged
// sensitive:"true" are masked wherever the command is printed or logged, and the tag
// label says what a field is called in messages, as with events. The idea of deciding
// over streams that nobody has drawn a boundary around beforehand is EventCore's.
//
// A command is not safe for concurrent use.
type Command struct {
	self   AnyCommand // the command itself, so that its embedded part can print it
	typ    *commandType
	errors Errors
}

// AnyCommand is a pointer to a struct that embeds Command and has a Handle.
type AnyCommand interface {
	// Handle decides: it loads what it needs through b and appends through what Load
	// returned, or refuses with b.Reject. It is called again for each attempt, and so
	// must depend on nothing but the command and what it loads, and do nothing else. ctx
	// is for all it calls: with another one an append would wait for the command itself.
	Handle(ctx context.Context, b *Boundary) error
	// Errors says why the last Execute refused the command. It is never nil.
	Errors() *Errors

	command() *Command
}

// Declarer is implemented by commands that know beforehand what they are going to load:
// it is read in one round trip, where it is not in memory anyway.
type Declarer interface {
	Loads() []Reading
}

// Reading is a stream and the projection it is folded by. Projection.Of makes it.
type Reading struct {
	Handle     *Handle
	Projection AnyProjection
}

// Of is what Load will ask for, for a command's Loads.
func (p *Projection[M]) Of(h *Handle) Reading { return Reading{h, p} }

// Errors says why the last Execute refused the command. It is never nil.
func (c *Command) Errors() *Errors { return &c.errors }

func (c *Command) command() *Command { return c } //nolint:unused // of AnyCommand, which a Command alone is not

// Format prints the command with its sensitive fields masked, whatever the verb. A command
// that has not been executed yet shows no fields.
func (c Command) Format(f fmt.State, _ rune) {
	if c.self == nil {
		fmt.Fprint(f, "command{not executed}")
		return
	}
	fmt.Fprint(f, mask.String(c.typ.name, c.self))
}

// LogValue logs the command with its sensitive fields masked.
func (c Command) LogValue() slog.Value {
	if c.self == nil {
		return slog.StringValue("command{not executed}")
	}
	return mask.Value(c.typ.name, c.self)
}

// commandType is what is known of a type of commands.
type commandType struct {
	name   string
	labels map[string]string // by JSON key
	err    error             // mistake in the declaration
}

// commandType describes the type of a command, once for each.
func (l *Log) commandType(cmd AnyCommand) (*commandType, error) {
	v := reflect.ValueOf(cmd)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return nil, fmt.Errorf("execute: %T is no pointer to a command, or it is nil", cmd)
	}
	known, ok := l.commands.Load(v.Type())
	if !ok {
		known, _ = l.commands.LoadOrStore(v.Type(), newCommandType(v.Type().Elem()))
	}
	typ := known.(*commandType)
	return typ, typ.err
}

func newCommandType(goType reflect.Type) *commandType {
	t := &commandType{labels: map[string]string{}}
	f, ok := goType.FieldByName("Command")
	if !ok || f.Type != reflect.TypeFor[Command]() || len(f.Index) > 1 {
		t.err = fmt.Errorf("command %s: embed ireneo.Command in the struct itself", goType)
		return t
	}
	if t.name = f.Tag.Get("name"); !storedName.MatchString(t.name) || len(t.name) > 255 {
		t.err = fmt.Errorf("command %s: name %q: tag the embedded ireneo.Command with a name such as `name:\"account.transfer\"` (lower case, digits, _ and dots)", goType, t.name)
	}
	for _, f := range reflect.VisibleFields(goType) {
		t.labels[validation.Key(f)] = validation.LabelOf(f)
	}
	return t
}
