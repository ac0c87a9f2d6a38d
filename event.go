package ireneo

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/mask"
	"github.com/ireneo-dev/ireneo/store"
)

// Event makes the struct that embeds it an event:
//
//	type Issued struct {
//		ireneo.Event `name:"debt.issued"`
//		Amount int64 `json:"amount" validate:"gt=0"`
//	}
//
// The name is what the log stores; it must never change. Old names go into the tag
// aliases, separated by commas, and are still read. Event adds no JSON keys. Fields
// tagged sensitive:"true" are masked wherever the event is printed or logged; the tag
// label says what a field is called in messages, where its JSON key in words will not do.
//
// Copies of an event share what the log knows of it. An event is not safe for
// concurrent use. The zero Event is a fact nobody has recorded yet.
type Event struct {
	known *known
}

// AnyEvent is any pointer to a struct that embeds Event. It is sealed: embedding is
// the only way to implement it.
type AnyEvent interface {
	// ID is the event's own identity, assigned by Append.
	ID() uuid.UUID
	// Type is the stored name, such as debt.issued, once the event met the log.
	Type() string
	// StreamID is the id of the stream it was appended to.
	StreamID() string
	// Version is its place in the stream, from 1; zero until it is persisted.
	Version() int64
	// Position is the place of its append in the whole log, which the events of one
	// append share; zero until it is persisted.
	Position() int64
	// RecordedAt is when the log learned of it, in UTC at microsecond precision;
	// zero until it is persisted.
	RecordedAt() time.Time
	// OccurredAt is when it happened, likewise.
	OccurredAt() time.Time
	// Meta is the context it was recorded in.
	Meta() Meta
	// Persisted reports whether the last Append stored it. After AppendTx it means
	// stored in the host's transaction, which may yet be rolled back.
	Persisted() bool
	// Errors says what was wrong with it at the last Append. It is never nil.
	Errors() *Errors

	event() *Event
}

// known is what the log knows of an event.
type known struct {
	self      AnyEvent // the event itself, so that its embedded part can print it
	typ       *eventType
	record    store.Record // without payload
	persisted bool
	errors    Errors
}

// ID is the event's own identity, assigned by Append.
func (e *Event) ID() uuid.UUID { return e.facts().record.EventID }

// Type is the stored name, such as debt.issued, once the event met the log.
func (e *Event) Type() string { return e.facts().record.Type }

// StreamID is the id of the stream the event was appended to.
func (e *Event) StreamID() string { return e.facts().record.Stream.ID }

// Version is the event's place in its stream, from 1; zero until it is persisted.
func (e *Event) Version() int64 { return e.facts().record.Version }

// Position is the place of the event's append in the whole log, which the events of one
// append share; zero until it is persisted.
func (e *Event) Position() int64 { return e.facts().record.Position }

// RecordedAt is when the log learned of the event; zero until it is persisted.
func (e *Event) RecordedAt() time.Time { return e.facts().record.RecordedAt }

// OccurredAt is when the event happened; zero until it is persisted.
func (e *Event) OccurredAt() time.Time { return e.facts().record.OccurredAt }

// Meta is the context the event was recorded in.
func (e *Event) Meta() Meta { return Meta{raw: e.facts().record.Meta} }

// Persisted reports whether the last Append stored the event.
func (e *Event) Persisted() bool { return e.facts().persisted }

// Errors says what was wrong with the event at the last Append. It is never nil.
func (e *Event) Errors() *Errors { return &e.facts().errors }

// Format prints the event with its sensitive fields masked, whatever the verb. An
// event that has not met a log or a projection yet shows no fields.
func (e Event) Format(f fmt.State, _ rune) {
	if e.known == nil || e.known.self == nil {
		fmt.Fprint(f, "event{not recorded}")
		return
	}
	fmt.Fprint(f, mask.String(e.known.typ.name, e.known.self))
}

// LogValue logs the event with its sensitive fields masked.
func (e Event) LogValue() slog.Value {
	if e.known == nil || e.known.self == nil {
		return slog.StringValue("event{not recorded}")
	}
	return mask.Value(e.known.typ.name, e.known.self)
}

func (e *Event) event() *Event { return e }

func (e *Event) facts() *known {
	if e.known == nil {
		e.known = &known{}
	}
	return e.known
}

func (e *Event) typeName() string {
	if e.known == nil || e.known.typ == nil {
		return "event"
	}
	return e.known.typ.name
}

// bind makes the event ready for an append: whatever an earlier one left is forgotten.
func bind(ev AnyEvent, typ *eventType) *known {
	k := ev.event().facts()
	*k = known{self: ev, typ: typ, errors: Errors{labels: typ.labels}}
	return k
}

// RawEvent is an event whose type this program does not know: it was written by
// another version of the application. It is read by Events, never appended.
type RawEvent struct {
	Event `name:"ireneo.raw"`

	Data []byte `json:"-"` // the payload as stored, a JSON object
}
