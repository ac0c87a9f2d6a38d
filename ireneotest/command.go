package ireneotest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store"
)

// History is what has happened before a command.
type History struct {
	t      testing.TB
	ctx    context.Context
	memory *memory
	now    time.Time // zero: the clock of the configuration
}

// Commands begins a test of commands, without a database and in milliseconds:
//
//	ireneotest.Commands(t, config.Declarations()).
//		Given(streams.Account.For("a"), &account.Opened{Name: "Savings"}, &account.Deposited{Amount: 100}).
//		When(&commands.Transfer{From: "a", To: "b", Amount: 30}).
//		Then(streams.Account.For("a"), &account.Withdrawn{Amount: 30}).
//		Then(streams.Account.For("b"), &account.Deposited{Amount: 30})
//
// Execute and the log are the real ones: tags, consistency projections and lifecycles refuse
// what they refuse in production. Only what stores the log is in memory; rows of read models
// are not written, and a command that asks for them fails. What a command has done, and no
// Then speaks of, fails the test when it ends.
func Commands(t testing.TB, config ireneo.Config) *History {
	t.Helper()
	h := &History{t: t}
	h.wind(&config)
	if config.Logger == nil {
		config.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}

	st, err := newMemory()
	if err != nil {
		t.Fatal(err)
	}
	log, err := ireneo.Open(st, config)
	if err != nil {
		t.Fatal(err)
	}
	h.memory, h.ctx = st, ireneo.WithLog(t.Context(), log)
	return h
}

// wind makes the clock of the configuration that of the test, once that is set.
func (h *History) wind(config *ireneo.Config) {
	usual := config.Clock
	if usual == nil {
		usual = time.Now
	}
	config.Clock = func() time.Time {
		if h.now.IsZero() {
			return usual()
		}
		return h.now
	}
}

// At sets the clock: what follows is recorded at this time.
func (h *History) At(now time.Time) *History {
	h.now = now
	return h
}

// With adds meta to whatever follows, such as who does it: a struct or a map, as for
// ireneo.WithMeta.
func (h *History) With(meta any) *History {
	h.ctx = ireneo.WithMeta(h.ctx, meta)
	return h
}

// Given appends events to a stream. They have to be such that the stream accepts them.
func (h *History) Given(stream *ireneo.Handle, events ...ireneo.AnyEvent) *History {
	h.t.Helper()
	if err := stream.AppendAll(h.ctx, events); err != nil {
		h.t.Fatalf("given %s: %v", nameOf(stream), err)
	}
	return h
}

// Outcome is what came of a command.
type Outcome struct {
	history *History
	cmd     ireneo.AnyCommand
	result  *ireneo.Result // nil where err is not
	err     error

	unsaid   []store.Record      // appended, and no Then has spoken of it
	messages []ireneo.FieldError // of a rejection, and no ThenRejected has spoken of it
	settled  bool                // nothing else is to be said
}

// When executes the command. What it has done is history for the next one.
func (h *History) When(cmd ireneo.AnyCommand) *Outcome {
	h.t.Helper()
	before := len(h.memory.records())
	o := &Outcome{history: h, cmd: cmd}
	o.result, o.err = ireneo.Execute(h.ctx, cmd)
	o.unsaid = slices.Clone(h.memory.records()[before:])
	if errors.As(o.err, new(*ireneo.RejectedError)) {
		o.messages = cmd.Errors().All()
	}
	h.t.Cleanup(o.end)
	return o
}

// ID is the id of the execution: that of streams which the command begins under its
// Boundary.ID. It is empty where the command was refused.
func (o *Outcome) ID() string {
	if o.result == nil {
		return ""
	}
	return o.result.ID
}

// Then says what the command has appended to a stream: these events in this order, and no
// others.
func (o *Outcome) Then(stream *ireneo.Handle, want ...ireneo.AnyEvent) *Outcome {
	o.history.t.Helper()
	if o.failed() {
		return o
	}
	got, err := o.appendedTo(stream)
	if err != nil {
		o.history.t.Fatalf("read %s: %v", nameOf(stream), err)
	}
	o.unsaid = slices.DeleteFunc(o.unsaid, func(r store.Record) bool { return r.Stream == keyOf(stream) })
	o.settled = true
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.IgnoreTypes(ireneo.Event{}), unexported(want, got)); diff != "" {
		o.history.t.Errorf("events of %s differ (-want +got):\n%s", nameOf(stream), diff)
	}
	return o
}

// ThenNothing says that the command was accepted and had nothing to append.
func (o *Outcome) ThenNothing() {
	o.history.t.Helper()
	if o.failed() {
		return
	}
	o.settled = true
	if len(o.unsaid) > 0 {
		o.history.t.Errorf("it appended something:\n%s", listed(o.unsaid))
		o.unsaid = nil
	}
}

// ThenRejected says that the command was refused with this message about this field, empty
// for one that is about no field. The message is what Reject or Errors.Add were given, or
// all of what people read, which begins with the field's label. Every message of the command
// wants a ThenRejected.
func (o *Outcome) ThenRejected(field, message string) *Outcome {
	o.history.t.Helper()
	t := o.history.t
	switch {
	case o.settled:
	case o.err == nil:
		t.Errorf("it was accepted; want it rejected: %s\nit appended:\n%s", strings.TrimSpace(field+" "+message), listed(o.unsaid))
		o.unsaid, o.settled = nil, true
	case !errors.As(o.err, new(*ireneo.RejectedError)):
		t.Errorf("it failed; want it rejected: %v", o.err)
		o.settled = true
	default:
		o.reject(field, message)
	}
	return o
}

// reject looks for a message among those of the command.
func (o *Outcome) reject(field, message string) {
	o.history.t.Helper()
	i := slices.IndexFunc(o.messages, func(m ireneo.FieldError) bool {
		return m.Field == field && (m.Message == message || m == o.labelled(field, message))
	})
	if i >= 0 {
		o.messages = slices.Delete(o.messages, i, i+1)
		return
	}
	want := []ireneo.FieldError{{Field: field, Message: message}}
	o.history.t.Errorf("messages differ (-want +got):\n%s", cmp.Diff(want, o.messages, cmpopts.EquateEmpty()))
	o.settled = true
}

// labelled is a message as Errors.Add makes it of the command.
func (o *Outcome) labelled(field, message string) ireneo.FieldError {
	errs := *o.cmd.Errors()
	errs.Add(field, message)
	own := errs.Own()
	return own[len(own)-1]
}

// ThenFailed says that the command ended with an error that is the target, as errors.Is has
// it, such as ireneo.ErrClosed.
func (o *Outcome) ThenFailed(target error) {
	o.history.t.Helper()
	if !errors.Is(o.err, target) {
		o.history.t.Errorf("got %v, want the error %v", o.err, target)
	}
	o.settled, o.unsaid = true, nil
}

// failed reports whether the command was not accepted, which is said once.
func (o *Outcome) failed() bool {
	o.history.t.Helper()
	if o.err != nil && !o.settled {
		o.history.t.Errorf("it was not accepted: %v", o.err)
		o.settled = true
	}
	return o.err != nil
}

// end fails the test where something was not spoken of.
func (o *Outcome) end() {
	t := o.history.t
	switch {
	case len(o.unsaid) > 0:
		t.Errorf("a command appended what no Then speaks of:\n%s", listed(o.unsaid))
	case o.settled:
	case o.err == nil:
		t.Error("a command appended nothing, and no ThenNothing says so")
	case !errors.As(o.err, new(*ireneo.RejectedError)), len(o.messages) > 0:
		t.Errorf("a command was refused with more than the test says: %v", o.err)
	}
}

// appendedTo are the events that the command has appended to a stream.
func (o *Outcome) appendedTo(stream *ireneo.Handle) (events []ireneo.AnyEvent, err error) {
	for ev, err := range stream.Events(o.history.ctx) {
		if err != nil {
			return nil, err
		}
		if ev.Position() == o.result.Position {
			events = append(events, ev)
		}
	}
	slices.SortFunc(events, func(a, b ireneo.AnyEvent) int { return int(a.Version() - b.Version()) })
	return events, nil
}

// unexported leaves out the fields of events that the log does not have.
func unexported(lists ...[]ireneo.AnyEvent) cmp.Option {
	var structs []any
	for _, ev := range slices.Concat(lists...) {
		structs = append(structs, reflect.ValueOf(ev).Elem().Interface())
	}
	return cmpopts.IgnoreUnexported(structs...)
}

// listed are records as the log has them, a line each.
func listed(records []store.Record) string {
	var b strings.Builder
	for _, r := range records {
		fmt.Fprintf(&b, "\t%s/%s: %s %s\n", r.Stream.Type, r.Stream.ID, r.Type, r.Data)
	}
	return b.String()
}

func keyOf(stream *ireneo.Handle) store.Stream {
	return store.Stream{Type: stream.Type(), ID: stream.ID()}
}

func nameOf(stream *ireneo.Handle) string { return stream.Type() + "/" + stream.ID() }
