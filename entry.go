package ireneo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/ireneo-dev/ireneo/internal/condition"
	"github.com/ireneo-dev/ireneo/internal/mask"
	"github.com/ireneo-dev/ireneo/store"
)

// Entry is a persisted event as other programs are told of it. Its JSON is stable.
type Entry struct {
	Position   int64           `json:"position"`
	Stream     string          `json:"stream"` // type/id
	Version    int64           `json:"version"`
	ID         uuid.UUID       `json:"id"`
	Type       string          `json:"type"` // the stored name
	RecordedAt time.Time       `json:"recorded_at"`
	OccurredAt time.Time       `json:"occurred_at"`
	Data       json.RawMessage `json:"data"` // the payload, its sensitive fields masked
	Meta       json.RawMessage `json:"meta"`
}

// EntryOf describes a persisted event. What is sensitive in a type this program does not
// know cannot be known either: the payload of a *RawEvent is null.
func EntryOf(ev AnyEvent) (Entry, error) {
	r := ev.event().facts().record
	e := Entry{
		Position: r.Position, Stream: r.Stream.Type + "/" + r.Stream.ID, Version: r.Version, ID: r.EventID, Type: r.Type,
		RecordedAt: r.RecordedAt, OccurredAt: r.OccurredAt, Data: json.RawMessage("null"), Meta: json.RawMessage(r.Meta),
	}
	if len(e.Meta) == 0 {
		e.Meta = json.RawMessage("{}")
	}
	if _, unknown := ev.(*RawEvent); unknown {
		return e, nil
	}
	var err error
	if e.Data, err = mask.JSON(ev); err != nil {
		return Entry{}, fmt.Errorf("describe %s: %w", r.Type, err)
	}
	return e, nil
}

// StoredEvent is an event as it is stored, and what this program makes of it. An event it
// cannot read is one all the same.
type StoredEvent struct {
	Entry                 // its Data is null where Problem says why
	Ordinal        int    `json:"ordinal"`        // its place in its append, from 1
	SchemaVersion  int    `json:"schema_version"` // of the stored payload
	IdempotencyKey string `json:"idempotency_key,omitempty"`
	Problem        string `json:"problem,omitempty"` // why this program cannot read it

	// Stored is the payload as it was stored, where that is of an older schema and the type
	// has nothing sensitive. Else it is nil. Values that the type does not know any more are
	// masked, because they may have been.
	Stored json.RawMessage `json:"stored,omitempty"`

	// Event is the event itself, nil where it cannot be read.
	Event AnyEvent `json:"-"`
}

// Point is the event's place in the whole log.
func (e StoredEvent) Point() Point { return Point{e.Position, e.Ordinal} }

// Event reads one event by its id. It is ErrNotFound where there is none.
func (l *Log) Event(ctx context.Context, id uuid.UUID) (*StoredEvent, error) {
	r, err := l.first(ctx, store.Query{EventID: id})
	if err != nil {
		return nil, err
	}
	if r.Version == 0 {
		return nil, fmt.Errorf("event %s: %w", id, ErrNotFound)
	}
	e := l.storedEvent(r)
	return &e, nil
}

func (l *Log) storedEvent(r store.Record) StoredEvent {
	ev, err := l.tryDecode(r)
	if err != nil {
		return unreadable(r, err)
	}
	return l.describe(r, ev)
}

// tryDecode is decode for those who look at many events, where the panic of one type, in an
// upcast say, must not hide the others.
func (l *Log) tryDecode(r store.Record) (ev AnyEvent, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = decodeError(r, errors.New("its type panics when it is read"))
			if t := l.types[r.Type]; t != nil && !t.masked {
				err = decodeError(r, fmt.Errorf("its type panics when it is read: %v", p))
			}
		}
	}()
	return l.decode(r)
}

// unreadable describes a record that is no event to this program.
func unreadable(r store.Record, err error) StoredEvent {
	e := StoredEvent{Ordinal: r.Ordinal, SchemaVersion: r.SchemaVersion, IdempotencyKey: r.IdempotencyKey, Problem: err.Error()}
	e.Entry, _ = EntryOf(raw(r)) // which cannot fail
	return e
}

// describe describes a record by its event.
func (l *Log) describe(r store.Record, ev AnyEvent) StoredEvent {
	entry, err := EntryOf(ev)
	if err != nil {
		return unreadable(r, err)
	}
	e := StoredEvent{Entry: entry, Ordinal: r.Ordinal, SchemaVersion: r.SchemaVersion, IdempotencyKey: r.IdempotencyKey}
	e.Event = ev
	t := l.types[r.Type]
	switch {
	case t == nil:
		e.Problem = "no registered event is called " + r.Type
	case r.SchemaVersion != t.version && !t.masked:
		e.Stored, _ = json.Marshal(mask.Known(condition.Decode(r.Data), t.goType, mask.Masked)) // decoded JSON always can be
	}
	return e
}

// shown is the payload of a record as conditions compare it, its sensitive fields masked.
func (l *Log) shown(r store.Record) (payload any, known bool) {
	t := l.types[r.Type]
	if t == nil {
		return nil, false
	}
	if r.SchemaVersion == t.version && !t.masked {
		return mask.Known(condition.Decode(r.Data), t.goType, nil), true
	}
	ev, err := l.tryDecode(r)
	if err != nil {
		return nil, false
	}
	data, err := mask.JSON(ev)
	return condition.Decode(data), err == nil
}
